// The cage: the one piece of code that every regime maps, for what must run inside of it. It touches no memory but what
// it is asked to touch. Code outside runs at EL2 with the MMU off, and so does the cage's end.
//
// Inside: x5 the address to access, x6 what to write, x7 what was read, x9 free.

#define SCTLR_EL2_FLAT 0x30c50830  // RES1 alone

  .section .cage, "ax"
  .balign 0x10000
  .global cage
cage:

// One table for EL1 and EL2. EL1 leaves what it knows in ESR_EL1 and FAR_EL1.
  .macro vector
  .balign 0x80
  mrs x9, CurrentEL
  tbnz x9, #3, leave
  hvc #1
  .endm

  .global cage_vectors
cage_vectors:
  .rept 16
  vector
  .endr

// uint64_t cage_enter(sctlr_el2, elr, spsr, address, value): returns x7 after the next exception to EL2.
  .balign 0x80
  .global cage_enter
cage_enter:
  stp x19, x20, [sp, #-96]!
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  adrp x9, saved_sp
  mov x10, sp
  str x10, [x9, #:lo12:saved_sp]
  msr elr_el2, x1
  msr spsr_el2, x2
  mov x5, x3
  mov x6, x4
  mov x7, #0
  dsb sy
  msr sctlr_el2, x0
  isb
  eret

leave:
  movz x9, #(SCTLR_EL2_FLAT >> 16), lsl #16
  movk x9, #(SCTLR_EL2_FLAT & 0xffff)
  msr sctlr_el2, x9
  isb
  adrp x9, saved_sp
  ldr x10, [x9, #:lo12:saved_sp]
  mov sp, x10
  mov x0, x7
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp x19, x20, [sp], #96
  ret

// The accesses. Executing is a jump: what is there ends in svc.
  .global cage_read, cage_write, cage_user_read, cage_user_write, cage_stack_read, cage_execute
cage_read:
  ldr x7, [x5]
  hvc #0
cage_write:
  str x6, [x5]
  hvc #0
cage_user_read:
  ldtr x7, [x5]
  hvc #0
cage_user_write:
  sttr x6, [x5]
  hvc #0
cage_stack_read:
  mov sp, x5
  ldr x7, [sp]
  hvc #0
cage_execute:
  br x5

  .global cage_end
cage_end:

  .section .bss.cage, "aw", %nobits
  .balign 8
saved_sp:
  .skip 8

  .section .note.GNU-stack, "", %progbits
