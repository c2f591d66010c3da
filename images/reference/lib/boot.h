// What the loader hands to the kernel, in registers: the boot protocol of seL4 on AArch64.
#pragma once

#include <stdint.h>

// x0 user_start   physical address of the user image
// x1 user_end     behind its end
// x2 offset       physical minus virtual address of the user image
// x3 user_entry   virtual
// x4 tree         physical address of the device tree, 0 without one
// x5 tree_size
typedef void kernel_entry(uint64_t user_start, uint64_t user_end, uint64_t offset,
                          uint64_t user_entry, uint64_t tree, uint64_t tree_size);
