// Entry of the loader, at EL1, EL2 or EL3, MMU off, no register set.

  .section .text.start, "ax"
  .global _start
_start:
  msr daifset, #0xf
  msr spsel, #1
  adrp x0, stack_top
  add x0, x0, :lo12:stack_top
  mov sp, x0
  adrp x0, bss_start
  add x0, x0, :lo12:bss_start
  adrp x1, bss_end
  add x1, x1, :lo12:bss_end
1:
  stp xzr, xzr, [x0], #16
  cmp x0, x1
  b.lo 1b
  mov x29, xzr
  mov x30, xzr
  bl install_vectors
  b loader_main

// void leave_el3(uint64_t scr, uint64_t spsr): returns to its caller at EL2, with the same stack, or at EL1 when the
// machine has no EL2.
  .text
  .global leave_el3
leave_el3:
  msr scr_el3, x0
  isb
  mov x2, sp
  and x3, x1, #0xc
  cmp x3, #(2 << 2)
  b.ne 1f
  msr sp_el2, x2
  b 2f
1:
  msr sp_el1, x2
2:
  msr spsr_el3, x1
  msr elr_el3, x30
  eret

// uint32_t tree_word(const void *tree): the first word at an address, once all accesses before have ended.
//
// Built for the fault "unbalanced-stack", the helper takes 16 bytes more off the stack than it put there. Its caller
// then takes the pair above its own frame record for its return address: the word it has just read.
  .global tree_word
tree_word:
  sub sp, sp, #32
  stp x29, x30, [sp]
  ldr w1, [x0]
  stp x0, x1, [sp, #16]
  bl settle
  ldr w0, [sp, #24]
  ldp x29, x30, [sp]
  add sp, sp, #32
  ret

settle:
  stp x29, x30, [sp, #-16]!
  dsb sy
  isb
  ldp x29, x30, [sp], #16
  .ifc FAULT, unbalanced-stack
  ldp x27, x28, [sp], #16
  .endif
  ret

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 16384
stack_top:

  .section .note.GNU-stack, "", %progbits
