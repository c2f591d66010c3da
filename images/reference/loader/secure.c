// EL3: QEMU enters the image here when the machine has it and no firmware is given. Interrupts are
// handed to the non-secure world and the CPU leaves EL3 for the highest level below. Nothing stays
// behind: there is no PSCI.

#include "console.h"
#include "gic.h"
#include "loader.h"
#include "platform.h"
#include "sysreg.h"

enum {
  kScrNonSecure = 1 << 0,
  kScrReserved = 3 << 4,  // RES1
  kScrHvcEnabled = 1 << 8,
  kScrAarch64 = 1 << 10,

  kSpsrMasked = 0xf << 6,
  kSpsrEl1h = 5,
  kSpsrEl2h = 9,
};

static void all_to_group_1(uintptr_t distributor, unsigned first) {
  const unsigned words = gic_interrupt_count(distributor) / 32;
  for (unsigned i = first; i < words; ++i) write32(distributor + kGicdIgroupr + 4 * i, ~0u);
}

static void gic2_to_nonsecure(void) {
  all_to_group_1(GIC_DISTRIBUTOR_PHYSICAL, 0);
  // The non-secure side may only lower a priority mask that is in its own half.
  write32(GIC_INTERFACE_PHYSICAL + kGiccPmr, 0xff);
}

static void gic3_to_nonsecure(void) {
  enum { kGroup1NonSecure = 1 << 1, kAffinityRouting = 3 << 4 };
  write32(GIC_DISTRIBUTOR_PHYSICAL + kGicdCtlr, kAffinityRouting);
  write32(GIC_DISTRIBUTOR_PHYSICAL + kGicdCtlr, kAffinityRouting | kGroup1NonSecure);
  all_to_group_1(GIC_DISTRIBUTOR_PHYSICAL, 1);
  gic_wake_redistributor(GIC_REDISTRIBUTOR_PHYSICAL);
  write32(GIC_REDISTRIBUTOR_PHYSICAL + kGicrFrame + kGicdIgroupr, ~0u);
  write_sysreg(icc_sre_el3, 0xf);
  isb();
}

void drop_from_el3(void) {
  const _Bool has_el2 = ((read_sysreg(id_aa64pfr0_el1) >> 8) & 15) != 0;
  if (gic_version(GIC_DISTRIBUTOR_PHYSICAL) == 3) {
    gic3_to_nonsecure();
  } else {
    gic2_to_nonsecure();
  }
  write_sysreg(cptr_el3, 0);
  if (has_el2) {
    write_sysreg(sctlr_el2, 0x30c50830);  // RES1 of Armv8.0, all else off
    write_sysreg(hcr_el2, 1ul << 31);
  }
  write_sysreg(sctlr_el1, 0x30d00800);
  say("leaves EL3 for EL%u", has_el2 ? 2 : 1);
  leave_el3(kScrNonSecure | kScrReserved | (has_el2 ? kScrHvcEnabled : 0) | kScrAarch64,
            kSpsrMasked | (has_el2 ? kSpsrEl2h : kSpsrEl1h));
}
