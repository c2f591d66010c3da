// Access to system registers and to devices.
#pragma once

#include <stdint.h>

#define read_sysreg(name)                              \
  ({                                                   \
    uint64_t value_;                                   \
    __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
    value_;                                            \
  })
#define write_sysreg(name, value) \
  __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")

// The Exception level this code runs at, from the machine.
static inline unsigned current_level(void) {
  return (read_sysreg(CurrentEL) >> 2) & 3;
}

// Devices are accessed by plain ldr/str of one register without write-back: the only forms for
// which hardware gives a hypervisor a valid syndrome (ISV), so that KVM can emulate the device.
static inline uint32_t read32(uintptr_t address) {
  uint32_t value;
  __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
  return value;
}
static inline void write32(uintptr_t address, uint32_t value) {
  __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}
