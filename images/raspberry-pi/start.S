// Entry by Linux's boot protocol (Documentation/arch/arm64/booting.rst), as U-Boot's booti does it: MMU off, x0 the device
// tree's address. The first 64 bytes are the header by which booti knows such an image.

  .section .text.start, "ax"
  .global _start
_start:
  b entry
  .word 0
  .quad 0                       // text_offset
  .quad image_size              // from here to the end, in memory
  .quad 1 << 3 | 1 << 1         // flags: little-endian, pages of 4 KiB; stays where it was loaded
  .quad 0, 0, 0
  .ascii "ARM\x64"
  .word 0

entry:
  msr daifset, #0xf
  adrp x9, stack_top
  add x9, x9, :lo12:stack_top
  mov sp, x9
  mov x29, xzr
  mov x30, xzr
  b kernel_main

  .section .bss.stack, "aw", %nobits
  .balign 16
  .skip 8192
stack_top:

  .section .note.GNU-stack, "", %progbits
