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

// Without PSCI QEMU starts all CPUs at once, the others at address 0: empty flash, where each word
// is undefined and so is the vector that this leads to. They would keep the host busy. Here they
// get a vector that waits: two words written to the flash (two 16-bit chips side by side; Intel
// command set: program, then read array).
static void park_other_cpus(void) {
  enum { kProgram = 0x00400040, kReadArray = 0x00ff00ff };
  const uint32_t wfi = 0xd503207f, back_to_it = 0x17ffffff;
  const uintptr_t vector = 0x200;  // synchronous, current EL with SP_ELx; QEMU resets VBAR_EL3 to 0
  if (read32(vector) != 0) return;
  write32(vector + 4, kProgram);
  write32(vector + 4, back_to_it);
  write32(vector, kProgram);
  write32(vector, wfi);
  write32(vector, kReadArray);
}

void drop_from_el3(const struct machine* machine) {
  if (machine->cpu_count > 1) park_other_cpus();
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
  leave_el3(kScrNonSecure | kScrReserved | (has_el2 ? kScrHvcEnabled : 0) | kScrAarch64,
            kSpsrMasked | (has_el2 ? kSpsrEl2h : kSpsrEl1h));
}
