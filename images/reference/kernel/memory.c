#include "kernel.h"
#include "sysreg.h"

static uint64_t distance;  // virtual minus physical

// The tables are the loader's; where they put the kernel is asked of the MMU that uses them.
void memory_open(void) {
  const uintptr_t here = (uintptr_t)&distance & ~4095ul;
  if (current_level() == 2) {
    __asm__ volatile("at s1e2r, %0" : : "r"(here));
  } else {
    __asm__ volatile("at s1e1r, %0" : : "r"(here));
  }
  isb();
  distance = here - (read_sysreg(par_el1) & 0x0000fffffffff000ul);
}

uintptr_t virtual_of(uint64_t physical) {
  return physical + distance;
}

uint64_t physical_of(const void* virtual) {
  return (uintptr_t) virtual - distance;
}
