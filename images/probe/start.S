// Entry at EL1, EL2 or EL3: a stack, and on to C.

  .section .text.start, "ax"
  .global _start
_start:
  adrp x0, stack_top
  add x0, x0, :lo12:stack_top
  mov sp, x0
#if defined(FAULT_lower_vectors) || defined(FAULT_bad_vectors)
  adrp x0, vectors
  add x0, x0, :lo12:vectors
  msr vbar_el1, x0
#ifdef FAULT_bad_vectors
  mrs x1, CurrentEL
  cmp x1, #(2 << 2)
  b.ne 1f
  msr vbar_el2, x0
1:
#endif
#endif
  b probe_main

#if defined(FAULT_lower_vectors) || defined(FAULT_bad_vectors)
// Each waits for ever, or, bad, begins to save registers on a stack that is not there.
  .balign 0x800
vectors:
  .rept 16
  .balign 0x80
#ifdef FAULT_bad_vectors
  mov x0, #0
  mov sp, x0
  stp x0, x1, [sp, #-16]!
#endif
  wfi
  b . - 4
  .endr
#endif

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 4096
stack_top:

  .section .note.GNU-stack, "", %progbits
