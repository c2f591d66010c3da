// The GIC's registers that loader and kernel use (Arm IHI 0048B for GICv2, IHI 0069 for GICv3), and
// which GIC it is.
#pragma once

#include <stdint.h>

#include "sysreg.h"

enum {
  kGicdCtlr = 0x000,
  kGicdTyper = 0x004,
  kGicdIgroupr = 0x080,
  kGicdIsenabler = 0x100,
  kGicdIpriorityr = 0x400,
  kGicv2Pidr2 = 0x0fe8,  // of a 4 KiB distributor
  kGicv3Pidr2 = 0xffe8,  // of a 64 KiB distributor

  kGiccCtlr = 0x000,
  kGiccPmr = 0x004,
  kGiccIar = 0x00c,
  kGiccEoir = 0x010,

  kGicrWaker = 0x014,
  kGicrTyper = 0x008,
  kGicrFrame = 0x10000,  // a CPU's second frame: SGIs and PPIs
  kGicrStride = 0x20000,
};

// 2 or 3, from the hardware. GICv2 ends at 4 KiB, so its identification is read first: where GICv3
// has it, a GICv2 has nothing, and reading nothing is an external abort. A hypervisor may leave
// GICv2's register at zero (KVM does); then the CPU's own system register interface tells a GICv3.
static inline unsigned gic_version(uintptr_t distributor) {
  if (((read32(distributor + kGicv2Pidr2) >> 4) & 15) == 2) return 2;
  if (((read_sysreg(id_aa64pfr0_el1) >> 24) & 15) == 0) return 2;
  return ((read32(distributor + kGicv3Pidr2) >> 4) & 15) >= 3 ? 3 : 2;
}

static inline unsigned gic_interrupt_count(uintptr_t distributor) {
  return 32 * ((read32(distributor + kGicdTyper) & 31) + 1);
}

// Wakes the redistributor of this CPU's interface. A secure GIC ignores this from the non-secure
// side, where firmware has done it already; then it reads as awake.
static inline void gic_wake_redistributor(uintptr_t redistributor) {
  enum { kProcessorSleep = 1 << 1, kChildrenAsleep = 1 << 2 };
  write32(redistributor + kGicrWaker,
          read32(redistributor + kGicrWaker) & ~(uint32_t)kProcessorSleep);
  while (read32(redistributor + kGicrWaker) & kChildrenAsleep) {
  }
}
