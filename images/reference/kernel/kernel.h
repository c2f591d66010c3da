// The kernel's parts, in the order in which main.c uses them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exception.h"
#include "tree.h"

// Physical to virtual: the loader maps devices and memory of the kernel's GiB at one distance.
void memory_open(void);
uintptr_t virtual_of(uint64_t physical);
uint64_t physical_of(const void* virtual);

// gic.c: the interrupt controller that the machine has.
void gic_start(void);
void gic_enable(unsigned interrupt);
unsigned gic_acknowledge(void);
void gic_end(unsigned interrupt);

// timer.c: `count` interrupts of the timer that belongs to this level, 200 us apart.
void timer_check(unsigned count);
void timer_interrupt(void);

// psci.c: Power State Coordination Interface (Arm DEN 0022), by the instruction that the device
// tree names.
void psci_open(enum conduit conduit);
bool psci_there(void);
int64_t psci_cpu_on(uint64_t cpu, uint64_t entry, uint64_t argument);
// Both say what they do first, and idle when there is no PSCI.
_Noreturn void power_off(void);
_Noreturn void reset(void);

// cpus.c: starts all others that the device tree names, one after the other.
void cpus_start(const struct machine* machine);

// user.c: the user thread's memory, and its system calls.
struct user {
  uint64_t start, end;  // physical
  uint64_t offset;      // physical minus virtual
  uint64_t entry;       // virtual
};
_Noreturn void user_start(const struct user* user);
void user_call(struct context* context);
// Before a fault of the thread is told: other tables, if the recipe asks for that.
void user_leave(void);
