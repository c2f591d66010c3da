// The smallest useful image: says which CPU it is on and at which Exception level, then powers off
// or waits for ever. It needs no other file than those of this folder: begin with a copy of it.

#include <stdint.h>

// PL011 of QEMU's `virt`. It can be written to without any set-up.
static volatile uint32_t* const uart = (volatile uint32_t*)0x09000000;

static void put_text(const char* text) {
  while (*text != '\0') *uart = (unsigned char)*text++;
}

static void put_hex(uint64_t value, int digits) {
  put_text("0x");
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    *uart = (unsigned char)"0123456789abcdef"[value >> shift & 15];
  }
}

#define read_sysreg(name)                              \
  ({                                                   \
    uint64_t value_;                                   \
    __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
    value_;                                            \
  })

#ifdef ENDING_power_off
// PSCI SYSTEM_OFF (Arm DEN 0022). QEMU answers hvc when it enters the image at EL1, smc at EL2, and
// neither at EL3.
static void power_off(unsigned level) {
  register uint64_t x0 __asm__("x0") = 0x84000008;
  if (level == 1) __asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
  if (level == 2) __asm__ volatile("smc #0" : "+r"(x0) : : "memory");
  put_text("bootrig probe: cannot power off\r\n");
}
#endif

void probe_main(void) {
  const unsigned level = read_sysreg(CurrentEL) >> 2 & 3;
  put_text("bootrig probe: EL");
  *uart = '0' + level;
  put_text(", MIDR ");
  put_hex(read_sysreg(midr_el1), 8);
  put_text("\r\n");
#if defined(FAULT_lower_vectors) || defined(FAULT_bad_vectors)
  __asm__ volatile("udf #0");
#endif
#ifdef ENDING_power_off
  power_off(level);
#endif
  put_text("bootrig probe: idle\r\n");
  for (;;) __asm__ volatile("wfi");
}
