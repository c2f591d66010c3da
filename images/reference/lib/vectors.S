// Exception vectors for EL1, EL2 and EL3 alike: the level is read from CurrentEL, never assumed.
//
// The state goes to one static record and the handler has its own stack, so that a broken SP can still be reported.
// TPIDR_EL1, TPIDRRO_EL0 and TPIDR_EL0 hold x0, x1 and SP for a moment: they can be written at each of the three
// levels. Only one CPU may take exceptions at a time.

#define CONTEXT_X2 16
#define CONTEXT_X30 240
#define CONTEXT_SP 248
#define CONTEXT_ELR 264
#define CONTEXT_ESR 280
#define CONTEXT_KIND 296
#define CONTEXT_LEVEL 304
#define CONTEXT_SIZE 320
#define STACK_SIZE 4096

  .section .text.vectors, "ax"

  .macro vector kind
  .balign 0x80
  msr tpidr_el1, x0
  msr tpidrro_el0, x1
  mov x0, #\kind
  b take_exception
  .endm

  .balign 0x800
  .global vectors
vectors:
  vector 0
  vector 1
  vector 2
  vector 3
  vector 4
  vector 5
  vector 6
  vector 7
  vector 8
  vector 9
  vector 10
  vector 11
  vector 12
  vector 13
  vector 14
  vector 15

take_exception:
  mov x1, sp
  msr tpidr_el0, x1
  adrp x1, exception_context
  add x1, x1, :lo12:exception_context
  str x0, [x1, #CONTEXT_KIND]
  stp x2, x3, [x1, #16]
  stp x4, x5, [x1, #32]
  stp x6, x7, [x1, #48]
  stp x8, x9, [x1, #64]
  stp x10, x11, [x1, #80]
  stp x12, x13, [x1, #96]
  stp x14, x15, [x1, #112]
  stp x16, x17, [x1, #128]
  stp x18, x19, [x1, #144]
  stp x20, x21, [x1, #160]
  stp x22, x23, [x1, #176]
  stp x24, x25, [x1, #192]
  stp x26, x27, [x1, #208]
  stp x28, x29, [x1, #224]
  str x30, [x1, #CONTEXT_X30]
  mrs x2, tpidr_el1
  mrs x3, tpidrro_el0
  stp x2, x3, [x1]
  mrs x2, tpidr_el0
  mrs x3, sp_el0
  stp x2, x3, [x1, #CONTEXT_SP]

  mrs x2, CurrentEL
  lsr x2, x2, #2
  str x2, [x1, #CONTEXT_LEVEL]
  cmp x2, #2
  b.eq 2f
  b.hi 3f
  mrs x3, elr_el1
  mrs x4, spsr_el1
  mrs x5, esr_el1
  mrs x6, far_el1
  b 4f
2:
  mrs x3, elr_el2
  mrs x4, spsr_el2
  mrs x5, esr_el2
  mrs x6, far_el2
  b 4f
3:
  mrs x3, elr_el3
  mrs x4, spsr_el3
  mrs x5, esr_el3
  mrs x6, far_el3
4:
  stp x3, x4, [x1, #CONTEXT_ELR]
  stp x5, x6, [x1, #CONTEXT_ESR]

  adrp x2, exception_stack_top
  add x2, x2, :lo12:exception_stack_top
  mov sp, x2
  mov x0, x1
  bl handle_exception

  // Return to what was interrupted.
  adrp x1, exception_context
  add x1, x1, :lo12:exception_context
  ldp x3, x4, [x1, #CONTEXT_ELR]
  ldr x2, [x1, #CONTEXT_LEVEL]
  cmp x2, #2
  b.eq 2f
  b.hi 3f
  msr elr_el1, x3
  msr spsr_el1, x4
  b 4f
2:
  msr elr_el2, x3
  msr spsr_el2, x4
  b 4f
3:
  msr elr_el3, x3
  msr spsr_el3, x4
4:
  ldr x2, [x1, #CONTEXT_SP]
  mov sp, x2
  ldp x2, x3, [x1, #16]
  ldp x4, x5, [x1, #32]
  ldp x6, x7, [x1, #48]
  ldp x8, x9, [x1, #64]
  ldp x10, x11, [x1, #80]
  ldp x12, x13, [x1, #96]
  ldp x14, x15, [x1, #112]
  ldp x16, x17, [x1, #128]
  ldp x18, x19, [x1, #144]
  ldp x20, x21, [x1, #160]
  ldp x22, x23, [x1, #176]
  ldp x24, x25, [x1, #192]
  ldp x26, x27, [x1, #208]
  ldp x28, x29, [x1, #224]
  ldr x30, [x1, #CONTEXT_X30]
  ldp x0, x1, [x1]
  eret

  .text
  .global install_vectors
install_vectors:
  adrp x0, vectors
  add x0, x0, :lo12:vectors
  mrs x1, CurrentEL
  cmp x1, #(2 << 2)
  b.eq 2f
  b.hi 3f
  msr vbar_el1, x0
  b 4f
2:
  msr vbar_el2, x0
  b 4f
3:
  msr vbar_el3, x0
4:
  isb
  ret

  .section .bss.exception, "aw", %nobits
  .balign 16
exception_context:
  .skip CONTEXT_SIZE
  .skip STACK_SIZE
exception_stack_top:

  .section .note.GNU-stack, "", %progbits
