// The generic timer (DDI 0487, D11): EL1's virtual timer, or EL2's physical one.

#include "console.h"
#include "kernel.h"
#include "sysreg.h"
#include "variant.h"

// The interrupts are those of the Base System Architecture (Arm DEN 0094), and QEMU's.
enum { kHypervisorTimer = 26, kVirtualTimer = 27 };
enum { kTicksPerSecond = 5000 };

static volatile unsigned taken;
static unsigned wanted;

static void arm(bool on) {
  const uint64_t period = read_sysreg(cntfrq_el0) / kTicksPerSecond;
  if (current_level() == 2) {
    write_sysreg(cnthp_tval_el2, period);
    write_sysreg(cnthp_ctl_el2, on);
  } else {
    write_sysreg(cntv_tval_el0, period);
    write_sysreg(cntv_ctl_el0, on);
  }
  isb();
}

void timer_interrupt(void) {
  const unsigned interrupt = gic_acknowledge();
  const unsigned expected = current_level() == 2 ? kHypervisorTimer : kVirtualTimer;
  if (interrupt >= 1020) return;  // spurious
  if (interrupt != expected) panic("interrupt %u came, %u was meant", interrupt, expected);
  ++taken;
  arm(taken < wanted);
  gic_end(interrupt);
}

void timer_check(unsigned count) {
  wanted = count;
  gic_enable(current_level() == 2 ? kHypervisorTimer : kVirtualTimer);
  arm(true);
  if (FAULT_IS("hang")) {
    while (taken < wanted) {  // interrupts are masked: forgotten
    }
  }
  if (FAULT_IS("deadlock")) {
    while (taken < wanted) __asm__ volatile("wfi" : : : "memory");  // the same, asleep
  }
  // Masked while it looks, so that no interrupt comes between looking and waiting; wfi wakes all
  // the same.
  while (taken < wanted)
    __asm__ volatile("wfi\n msr daifclr, #2\n isb\n msr daifset, #2" : : : "memory");
  say("%u timer interrupts taken", taken);
}
