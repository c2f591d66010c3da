// Entry at EL1, EL2 or EL3: a stack, and on to C.

  .section .text.start, "ax"
  .global _start
_start:
  adrp x0, stack_top
  add x0, x0, :lo12:stack_top
  mov sp, x0
  b ktap_main

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 4096
stack_top:

  .section .note.GNU-stack, "", %progbits
