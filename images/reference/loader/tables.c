// Translation tables, 4 KiB granule, 48 bits (DDI 0487, D8).
//
// At EL1 the kernel's window hangs below TTBR1 and everything else below TTBR0. EL2 has one table:
// the window hangs below it too, at the kernel's address less its upper 16 bits.

#include "bytes.h"
#include "console.h"
#include "loader.h"
#include "platform.h"
#include "sysreg.h"
#include "variant.h"

#define PAGE __attribute__((aligned(4096)))
PAGE uint64_t boot_l0_upper[512];
PAGE uint64_t boot_l1_upper[512];
PAGE uint64_t boot_l2_upper[512];
PAGE uint64_t boot_l0_lower[512];
PAGE uint64_t boot_l1_lower[512];

static unsigned table_index(uint64_t address, unsigned level) {
  return (address >> (39 - 9 * level)) & 511;
}

static uint64_t table(const uint64_t* next) {
  return (uintptr_t)next | DESCRIPTOR_TABLE;
}

// AP[1] opens EL1's memory to EL0, and must be one in EL2's regime.
static uint64_t level_bits(void) {
  return current_level() == 2 ? DESCRIPTOR_USER : 0;
}

static uint64_t normal_block(uint64_t physical) {
  return physical | level_bits() | DESCRIPTOR_BLOCK | DESCRIPTOR_ATTRIBUTE(kAttributeNormal) |
         DESCRIPTOR_INNER_SHAREABLE | DESCRIPTOR_ACCESSED;
}

static uint64_t device_block(uint64_t physical) {
  return physical | level_bits() | DESCRIPTOR_BLOCK | DESCRIPTOR_ATTRIBUTE(kAttributeDevice) |
         DESCRIPTOR_ACCESSED | DESCRIPTOR_NEVER_EXECUTE;
}

// Everything at its own address: the first GiB is devices, memory in blocks of 1 GiB.
static void map_identity(const struct machine* machine) {
  boot_l0_lower[0] = table(boot_l1_lower);
  boot_l1_lower[0] = device_block(0);
  for (unsigned i = 0; i < machine->memory_count; ++i) {
    const uint64_t start = machine->memory[i].start / GIB;
    uint64_t end = (machine->memory[i].start + machine->memory[i].size + GIB - 1) / GIB;
    if (FAULT_IS("beyond-memory"))
      ++end;  // so that the machine, not a table, refuses what lies beyond
    for (uint64_t block = start; block < end && block < 512; ++block) {
      if (block > 0) boot_l1_lower[block] = normal_block(block * GIB);
    }
  }
}

// A block of the kernel's window, as the fault asks for it.
static uint64_t window_block(uint64_t physical) {
  const uint64_t block = normal_block(physical);
  if (FAULT_IS("access-flag")) return block & ~DESCRIPTOR_ACCESSED;
  if (FAULT_IS("execute-never")) return block | DESCRIPTOR_NEVER_EXECUTE;
  if (FAULT_IS("read-only")) return block | DESCRIPTOR_READ_ONLY;
  return block;
}

// The kernel's window in blocks of 2 MiB, to the end of memory or of the GiB; and the devices in
// the GiB before it, so that window - kernel's physical address + x is where the kernel finds
// physical x.
static void map_window(const struct machine* machine, uint64_t window, uint64_t physical) {
  uint64_t* root = current_level() == 2 ? boot_l0_lower : boot_l0_upper;
  if (root[table_index(window, 0)] != 0) panic("the kernel's window covers the loader");
  if (!FAULT_IS("empty-window")) root[table_index(window, 0)] = table(boot_l1_upper);

  const unsigned gib = table_index(window, 1);
  if (gib > 0) boot_l1_upper[gib - 1] = device_block(0);
  if (!FAULT_IS("unlinked-level2")) boot_l1_upper[gib] = table(boot_l2_upper);
  const uint64_t memory_end = machine->memory[0].start + machine->memory[0].size;
  if (FAULT_IS("wrong-address")) physical += 32 * MIB;
  for (unsigned i = table_index(window, 2); i < 512 && physical < memory_end; ++i) {
    boot_l2_upper[i] = window_block(physical);
    physical += 2 * MIB;
  }
  if (FAULT_IS("missing-block")) boot_l2_upper[table_index(window, 2)] = 0;
}

// Physical address size for TCR: what the CPU has, 48 bits at most.
static uint64_t physical_size(void) {
  const uint64_t range = read_sysreg(id_aa64mmfr0_el1) & 15;
  return range < 5 ? range : 5;
}

static void choose_registers(struct mmu_registers* registers) {
  // 48 bits, 4 KiB, walks inner shareable and write-back: the same fields for both halves.
  const uint64_t half = 16 | 1ul << 8 | 1ul << 10 | 3ul << 12;
  const uint64_t mmu_and_caches = 1 << 0 | 1 << 2 | 1 << 12;
  registers->mair = MAIR_VALUE;
  registers->ttbr0 = (uintptr_t)boot_l0_lower;
  registers->ttbr1 = (uintptr_t)boot_l0_upper;
  if (current_level() == 2) {
    registers->tcr = half | physical_size() << 16 | 1ul << 23 | 1ul << 31;
    registers->sctlr = 0x30c50830 | mmu_and_caches;
    return;
  }
  registers->tcr = half | half << 16 | 2ul << 30 | physical_size() << 32;
  registers->sctlr = 0x30d00800 | mmu_and_caches;
}

void build_tables(const struct machine* machine, const struct program* kernel,
                  struct mmu_registers* registers, uint64_t* window) {
  *window = kernel->virtual_start;
  if (current_level() == 2) *window &= (1ul << 48) - 1;
  if (current_level() == 1 && *window >> 48 != 0xffff) {
    panic("kernel.elf: is linked at 0x%016lx, which is EL2's half, but this is EL1", *window);
  }
  if ((*window ^ kernel->physical_start) % (2 * MIB) != 0) {
    panic("kernel.elf: its virtual and physical addresses differ below 2 MiB");
  }
  const uint64_t within = *window % (2 * MIB);
  map_identity(machine);
  map_window(machine, *window - within, kernel->physical_start - within);
  choose_registers(registers);
}
