// Stage 2 under EL1: its own faults, and those in the walk of stage 1's tables.
#include "cases.h"

#define ALL_RIGHTS (STAGE2_NORMAL | STAGE2_READ | STAGE2_WRITE)

// A place at which stage 1 allows all to EL1.
static void another_mapped(const char* label, int level) {
  another_stage2(label, level);
  map(3, good_attributes());
}

static void leaf_rights(int level) {
  another_mapped("s2-all", level);
  map_stage2(level, ALL_RIGHTS);
  attempt_all();
  another_stage2("s2-user", level);
  map(3, good_attributes() | USER | READ_ONLY);
  map_stage2(level, ALL_RIGHTS);
  attempt_all();
  another_mapped("s2-read-only", level);
  map_stage2(level, STAGE2_NORMAL | STAGE2_READ);
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
  another_mapped("s2-no-access", level);
  map_stage2(level, STAGE2_NORMAL);
  attempt(kRead);
  attempt(kWrite);
  another_mapped("s2-xn", level);
  map_stage2(level, ALL_RIGHTS | EXECUTE_NEVER);
  attempt(kRead);
  attempt(kExecute);
  another_mapped("s2-no-af", level);
  map_stage2(level, ALL_RIGHTS & ~ACCESSED);
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
}

// FEAT_XNX: one bit for EL1 and one for EL0.
static void execute_never_alone(int level) {
  if (!features.xnx) return;
  for (uint64_t never = 1; never <= 3; ++never) {
    another_stage2("s2-xnx", level);
    map(3, good_attributes());
    map_stage2(level, ALL_RIGHTS | never << 53);
    attempt(kExecute);
    another_stage2("s2-xnx-user", level);
    map(3, good_attributes() | USER | READ_ONLY);
    map_stage2(level, ALL_RIGHTS | never << 53);
    attempt(kExecute);
    attempt(kUserExecute);
  }
}

static void hardware_flags(int level) {
  if (!features.dirty) return;
  another_mapped("s2-ha", level);
  map_stage2(level, ALL_RIGHTS & ~ACCESSED);
  now.vtcr |= 1ul << 21;
  attempt(kRead);
  attempt(kExecute);
  another_mapped("s2-hd", level);
  map_stage2(level, STAGE2_NORMAL | STAGE2_READ | DIRTY_MODIFIER);
  now.vtcr |= 1ul << 22;
  attempt(kRead);
  attempt(kWrite);
  now.vtcr &= ~(3ul << 21);
}

static void broken_descriptor(int level) {
  another_mapped("s2-invalid", level);
  map_stage2(3, ALL_RIGHTS);
  *stage2_descriptor(level) &= ~1ul;
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
  if (!now.config->stage2->wide) {
    another_mapped("s2-too-large", level);
    map_stage2(3, ALL_RIGHTS);
    *stage2_descriptor(level) |= TOO_LARGE;
    attempt(kRead);
    attempt(kExecute);
  }
  if (level == 3) return;
  another_mapped("s2-no-table", level);
  map_stage2(3, ALL_RIGHTS);
  *stage2_descriptor(level) = NOTHING_THERE | TABLE;
  attempt(kRead);
}

// Stage 1's table of `level` is had through stage 2's window, where a page of its own maps it with `attributes`.
static void table_through(const struct config* config, const char* label, int level, uint64_t attributes) {
  if (level == now.tables.start) {
    begin(config, label, level);
  } else {
    another(label, level - 1);
  }
  map(3, good_attributes());
  map_stage2(3, ALL_RIGHTS);
  const uint64_t place = (uint64_t)descriptor(level);
  if (level == now.tables.start) {
    *(config->upper ? &now.ttbr1 : &now.ttbr0) = table_base(stage2_window(now.tables.root));
  } else {
    const uint64_t table = place & ~((1ul << now.tables.page_bits) - 1);
    *descriptor(level - 1) = address_field(stage2_window(table)) | TABLE;
  }
  if (attributes != 0) {
    *entry(&now.stage2, stage2_window(place), 3) = leaf(&now.stage2, 3, place) | attributes;
  }
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
}

static void walks_of_stage1(const struct config* config, int level) {
  table_through(config, "s1ptw-good", level, ALL_RIGHTS);
  table_through(config, "s1ptw-invalid", level, 0);
  table_through(config, "s1ptw-no-af", level, ALL_RIGHTS & ~ACCESSED);
  table_through(config, "s1ptw-no-access", level, STAGE2_NORMAL);
}

static void sizes(const struct config* config) {
  another_mapped("ipa-too-large", 3);
  *descriptor(3) = leaf(&now.tables, 3, 1ul << config->stage2->input_bits | now.page) | good_attributes();
  if (config->stage2->input_bits < 40) {
    attempt(kRead);
    attempt(kExecute);
  }
  another_mapped("s2-stage1-invalid", 3);
  map_stage2(3, ALL_RIGHTS);
  *descriptor(3) = 0;
  attempt(kRead);
  // Above level 3: stage 1's page may be of many of stage 2's.
  another_stage2("s2-nothing-there", now.stage2.start < 3 ? 2 : 3);
  map(3, good_attributes());
  *stage2_descriptor(3) = leaf(&now.stage2, 3, NOTHING_THERE) | ALL_RIGHTS;
  attempt(kRead);
  attempt(kWrite);
}

// Stage 1 off: addresses are IPAs. HCR_EL2.DC turns it off, too.
static void stage1_off(const struct config* config, bool by_dc) {
  if (config->upper == (config->kind == kEl10)) return;
  begin(config, by_dc ? "dc" : "s1-off", kNoLevel);
  if (by_dc) now.hcr |= HCR_DC;
  if (!by_dc) now.sctlr &= ~MMU_ON;
  now.cage &= 0xfffffffful;
  map_stage2(3, STAGE2_NORMAL | STAGE2_READ);
  attempt_at(kRead, stage2_window(now.page + 8));
  attempt_at(kWrite, stage2_window(now.page + 16));
  attempt_at(kExecute, stage2_window(now.page));
  attempt_at(kRead, stage2_window(now.page) ^ 1ul << 31);
}

// HCR_EL2.PTW refuses tables in Device memory.
static void tables_in_device_memory(const struct config* config, int level) {
  const uint64_t device = ALL_RIGHTS & ~(0xful << 2);
  begin(config, "", kNoLevel);
  table_through(config, "s1ptw-device", level, device);
  now.hcr |= HCR_PTW;
  table_through(config, "ptw-device", level, device);
}

// HCR_EL2.TGE: EL0 without stage 1, and all its exceptions are EL2's.
static void user_alone(const struct config* config) {
  begin(config, "tge", kNoLevel);
  now.hcr |= HCR_TGE | HCR_DC;
  map_stage2(3, STAGE2_NORMAL | STAGE2_READ);
  attempt_at(kUserExecute, stage2_window(now.page));
  attempt_at(kUserExecute, stage2_window(now.page) ^ 1ul << 31);
}

void stage2_cases(const struct config* config) {
  const struct stage2_config* stage2 = config->stage2;
  begin(config, "", kNoLevel);
  for (int level = stage2->start; level <= 3; ++level) {
    broken_descriptor(level);
    if (!is_leaf_level(stage2->page_bits, level)) continue;
    leaf_rights(level);
    execute_never_alone(level);
    hardware_flags(level);
  }
}

void stage1_under_stage2_cases(const struct config* config) {
  begin(config, "", kNoLevel);
  sizes(config);
  // The root comes last: its register is changed.
  for (int level = 3; level >= natural_start(config->page_bits, config->input_bits); --level) {
    walks_of_stage1(config, level);
  }
  stage1_off(config, false);
  stage1_off(config, true);
  user_alone(config);
  tables_in_device_memory(config, 3);
}
