// The rootserver's entry: seL4 gives it an address space and x0, the bootinfo's address; a stack is its own affair.
  .section .text.start, "ax"
  .global _start
_start:
  adrp x1, stack_top
  add x1, x1, :lo12:stack_top
  mov sp, x1
  mov x29, xzr
  mov x30, xzr
  bl main

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 4096
stack_top:

  .section .note.GNU-stack, "", %progbits
