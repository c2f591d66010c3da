#include "gic.h"

#include "console.h"
#include "kernel.h"
#include "platform.h"
#include "variant.h"

static unsigned version;
static uintptr_t distributor, interface, redistributor;

enum { kPriority = 0xa0, kPriorityMask = 0xf0 };

static void start_2(void) {
  interface = virtual_of(GIC_INTERFACE_PHYSICAL);
  write32(distributor + kGicdCtlr, 1);
  write32(interface + kGiccPmr, kPriorityMask);
  write32(interface + kGiccCtlr, 1);
  say("GICv2, CPU interface at 0x%08lx", GIC_INTERFACE_PHYSICAL);
}

// The frames of this CPU: those whose affinity is its own.
static uintptr_t find_redistributor(void) {
  const uint64_t mpidr = read_sysreg(mpidr_el1);
  const uint32_t affinity = (uint32_t)((mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff));
  for (unsigned i = 0;; ++i) {
    const uintptr_t frame = virtual_of(GIC_REDISTRIBUTOR_PHYSICAL + i * kGicrStride);
    if (read32(frame + kGicrTyper + 4) == affinity) return frame;
    if (read32(frame + kGicrTyper) & 1 << 4) panic("GICv3: no redistributor is this CPU's");
  }
}

static void start_3(void) {
  enum { kGroup1 = 1 << 0, kGroup1NonSecure = 1 << 1, kAffinityRouting = 1 << 4 };
  write32(distributor + kGicdCtlr, kAffinityRouting | kGroup1 | kGroup1NonSecure);
  redistributor = find_redistributor();
  gic_wake_redistributor(redistributor);
  // Group 1. Where there is a secure world it has seen to that, and this write is ignored.
  write32(redistributor + kGicrFrame + kGicdIgroupr, ~0u);
  if (current_level() == 2) {
    write_sysreg(icc_sre_el2, 0xf);
    isb();
  }
  write_sysreg(icc_sre_el1, 7);
  isb();
  write_sysreg(icc_pmr_el1, kPriorityMask);
  write_sysreg(icc_igrpen1_el1, 1);
  isb();
  say("GICv3, redistributor at 0x%08lx", redistributor - virtual_of(0));
}

// As a compiler writes a loop over registers: the pointer moves with the store. KVM is not told what was stored.
static void store_and_move(uintptr_t address, uint32_t value) {
  __asm__ volatile("str %w1, [%0], #4" : "+r"(address) : "r"(value) : "memory");
}

void gic_start(void) {
  distributor = virtual_of(GIC_DISTRIBUTOR_PHYSICAL);
  if (FAULT_IS("write-back")) store_and_move(virtual_of(UART_PHYSICAL), '.');
  if (FAULT_IS("interrupt-groups")) store_and_move(distributor + kGicdIgroupr, ~0u);
  version = gic_version(distributor);
  if (FAULT_IS("gicv2-interface")) version = 2;
  if (FAULT_IS("gicv3-interface")) version = 3;
  if (FAULT_IS("gicv3-registers")) write_sysreg(icc_sre_el1, 7);
  if (version == 3) {
    start_3();
  } else {
    start_2();
  }
}

// A PPI: those are the CPU's own, and in GICv3 stand in its redistributor.
void gic_enable(unsigned interrupt) {
  const uintptr_t base = version == 3 ? redistributor + kGicrFrame : distributor;
  const uintptr_t priority = base + kGicdIpriorityr + (interrupt & ~3u);
  const unsigned shift = 8 * (interrupt & 3);
  write32(priority, (read32(priority) & ~(0xffu << shift)) | (uint32_t)kPriority << shift);
  write32(base + kGicdIsenabler, 1u << interrupt);
}

unsigned gic_acknowledge(void) {
  if (version == 2) return read32(interface + kGiccIar) & 0x3ff;
  const unsigned interrupt = (unsigned)read_sysreg(icc_iar1_el1);
  dsb();
  return interrupt;
}

void gic_end(unsigned interrupt) {
  if (version == 2) {
    write32(interface + kGiccEoir, interrupt);
  } else {
    write_sysreg(icc_eoir1_el1, interrupt);
    isb();
  }
}
