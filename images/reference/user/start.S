  .section .text.start, "ax"
  .global _start
_start:
  adrp x0, user_stack_top
  add x0, x0, :lo12:user_stack_top
  mov sp, x0
  mov x29, xzr
  mov x30, xzr
  bl user_main
1:
  b 1b

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 4096
user_stack_top:

  .section .note.GNU-stack, "", %progbits
