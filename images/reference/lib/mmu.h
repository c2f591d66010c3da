// Turning the MMU on (DDI 0487, D8). The register values are computed in C, mmu.S only writes them.
#pragma once

#include <stdint.h>

// mmu.S knows the offsets. EL2 has no second table: there ttbr1 is not used.
struct mmu_registers {
  uint64_t mair;
  uint64_t tcr;
  uint64_t ttbr0;
  uint64_t ttbr1;
  uint64_t sctlr;
};

// Of the current level (1 or 2). The caller runs at an address that the new tables map to itself.
void turn_mmu_on(const struct mmu_registers* registers);

// Descriptors, 4 KiB granule (DDI 0487, D8.3). Attribute indexes are places in MAIR_VALUE.
enum { kAttributeDevice = 0, kAttributeNormal = 4 };
#define MAIR_VALUE 0xff440c0400ul  // nGnRnE, nGnRE, GRE, normal non-cacheable, normal write-back
#define DESCRIPTOR_TABLE 3ul
#define DESCRIPTOR_BLOCK 1ul
#define DESCRIPTOR_PAGE 3ul
#define DESCRIPTOR_ATTRIBUTE(index) ((uint64_t)(index) << 2)
#define DESCRIPTOR_USER (1ul << 6)  // AP[1]: EL0 may access; RES1 in EL2's regime
#define DESCRIPTOR_READ_ONLY (1ul << 7)  // AP[2]
#define DESCRIPTOR_INNER_SHAREABLE (3ul << 8)
#define DESCRIPTOR_ACCESSED (1ul << 10)
#define DESCRIPTOR_NOT_GLOBAL (1ul << 11)
#define DESCRIPTOR_NEVER_EXECUTE (3ul << 53)
