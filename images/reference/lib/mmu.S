  .text
  .global turn_mmu_on
turn_mmu_on:
  ldp x1, x2, [x0]          // MAIR, TCR
  ldp x3, x4, [x0, #16]     // TTBR0, TTBR1
  ldr x5, [x0, #32]         // SCTLR
  dsb sy
  mrs x6, CurrentEL
  cmp x6, #(2 << 2)
  b.eq 2f
  msr mair_el1, x1
  msr tcr_el1, x2
  msr ttbr0_el1, x3
  msr ttbr1_el1, x4
  isb
  tlbi vmalle1
  ic iallu
  dsb sy
  isb
  msr sctlr_el1, x5
  isb
  ret
2:
  msr mair_el2, x1
  msr tcr_el2, x2
  msr ttbr0_el2, x3
  isb
  tlbi alle2
  ic iallu
  dsb sy
  isb
  msr sctlr_el2, x5
  isb
  ret

  .section .note.GNU-stack, "", %progbits
