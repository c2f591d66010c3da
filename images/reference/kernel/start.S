// Entry of the kernel: MMU on, at EL1 or EL2, registers as boot.h says. All addresses are relative to the code
// (adrp), so that the same bytes run in EL1's upper half and in EL2's only half.

  .section .text.start, "ax"
  .global _start
_start:
  msr daifset, #0xf
  adrp x9, kernel_stack_top
  add x9, x9, :lo12:kernel_stack_top
  mov sp, x9
  mov x29, xzr
  mov x30, xzr
  b kernel_main

// Where PSCI starts another CPU: physical address, MMU off; x0 is the physical address of a struct cpu_start (cpus.h).
  .text
  .global cpu_entry
cpu_entry:
  msr daifset, #0xf
  mov x19, x0
  bl turn_mmu_on
  ldp x9, x10, [x19, #40]   // stack, where to go on
  mov sp, x9
  mov x29, xzr
  mov x30, xzr
  ldr x0, [x19, #56]
  br x10

// void enter_user(uint64_t entry, uint64_t spsr): leaves for EL0 with all registers zero. The thread comes back by
// exceptions only.
  .global enter_user
enter_user:
  adrp x9, kernel_stack_top
  add x9, x9, :lo12:kernel_stack_top
  mov sp, x9
  mrs x9, CurrentEL
  cmp x9, #(2 << 2)
  b.eq 1f
  msr elr_el1, x0
  msr spsr_el1, x1
  b 2f
1:
  msr elr_el2, x0
  msr spsr_el2, x1
2:
  msr sp_el0, xzr
  mov x0, xzr
  mov x1, xzr
  mov x2, xzr
  mov x3, xzr
  mov x4, xzr
  mov x5, xzr
  mov x6, xzr
  mov x7, xzr
  mov x8, xzr
  mov x9, xzr
  mov x10, xzr
  mov x11, xzr
  mov x12, xzr
  mov x13, xzr
  mov x14, xzr
  mov x15, xzr
  mov x16, xzr
  mov x17, xzr
  mov x18, xzr
  mov x19, xzr
  mov x20, xzr
  mov x21, xzr
  mov x22, xzr
  mov x23, xzr
  mov x24, xzr
  mov x25, xzr
  mov x26, xzr
  mov x27, xzr
  mov x28, xzr
  mov x29, xzr
  mov x30, xzr
  eret

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 8192
kernel_stack_top:

  .section .note.GNU-stack, "", %progbits
