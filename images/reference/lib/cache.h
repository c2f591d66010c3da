// Data cache maintenance for memory that is seen with the MMU off on one side and on on the other.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sysreg.h"

static inline size_t cache_line_size(void) {
  return 4ul << ((read_sysreg(ctr_el0) >> 16) & 15);
}

// What was written with the MMU off: drop what caches believe.
static inline void cache_invalidate(uintptr_t start, uintptr_t end) {
  const size_t line = cache_line_size();
  for (uintptr_t at = start & ~(line - 1); at < end; at += line) {
    __asm__ volatile("dc ivac, %0" : : "r"(at) : "memory");
  }
  dsb();
}

// What is read with the MMU off, or by a table walk: write it to memory.
static inline void cache_clean(uintptr_t start, uintptr_t end) {
  const size_t line = cache_line_size();
  for (uintptr_t at = start & ~(line - 1); at < end; at += line) {
    __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
  }
  dsb();
}
