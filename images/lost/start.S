// Entry at EL1 or EL2, of the first CPU and of a second one: a stack each, and on to C.

  .section .text.start, "ax"
  .global _start
_start:
  adrp x0, first_stack_top
  add x0, x0, :lo12:first_stack_top
  mov sp, x0
#ifdef FAULT_zeroes
  // Vectors that wait for ever, without a word.
  adrp x0, vectors
  add x0, x0, :lo12:vectors
  msr vbar_el1, x0
  mrs x1, CurrentEL
  cmp x1, #(2 << 2)
  b.ne 1f
  msr vbar_el2, x0
1:
#endif
  b lost_main

  .global second_start
second_start:
  adrp x0, second_stack_top
  add x0, x0, :lo12:second_stack_top
  mov sp, x0
  b second_main

#ifdef FAULT_zeroes
  .balign 0x800
vectors:
  .rept 16
  .balign 0x80
  wfi
  b . - 4
  .endr
#endif

  .section .bss.stack, "aw", %nobits
  .balign 16
  .global first_stack
first_stack:
  .skip 4096
first_stack_top:
  .skip 4096
second_stack_top:

  .section .note.GNU-stack, "", %progbits
