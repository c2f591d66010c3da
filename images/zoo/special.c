// What a regime's registers decide, and what is no matter of tables: alignment, memory that is not there.
#include "cases.h"

static bool one_half(void) {
  return now.config->kind == kEl2;
}

// A bit of TCR that each half has, by its place for TTBR0; TCR_EL2 without E2H has it elsewhere.
static void set_control(unsigned lower, unsigned upper, unsigned one) {
  now.tcr |= 1ul << (one_half() ? one : now.config->upper ? upper : lower);
}

static void begin_mapped(const struct config* config, const char* label) {
  begin(config, label, kNoLevel);
  map(3, good_attributes());
}

static void limits_of_tables(const struct config* config) {
  static const struct {
    const char* label;
    uint64_t bits;
  } limits[] = {{"table-read-only", TABLE_READ_ONLY},
                {"table-no-user", TABLE_NO_USER},
                {"table-xn", TABLE_XN},
                {"table-pxn", TABLE_PXN}};
  const int start = natural_start(config->page_bits, config->input_bits);
  if (start == 3) return;
  for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; ++i) {
    const bool of_users = limits[i].bits == TABLE_NO_USER || limits[i].bits == TABLE_PXN;
    if (of_users && config->kind == kEl2) continue;
    begin_mapped(config, limits[i].label);
    *descriptor(start) |= limits[i].bits;
    attempt_all();
    begin(config, limits[i].label, 3);
    map(3, good_attributes() | (config->kind == kEl2 ? 0 : USER | READ_ONLY));
    *descriptor(2 > start ? 2 : start) |= limits[i].bits;
    attempt_all();
  }
  if (!features.hierarchy_off) return;
  begin_mapped(config, "hpd");
  *descriptor(start) |= TABLE_READ_ONLY | TABLE_XN;
  set_control(41, 42, 24);
  attempt_all();
}

// Every combination of a leaf's rights, with and without WXN; then of what a table forbids and AP.
static void all_rights(const struct config* config) {
  if (config->page_bits != 12 || config->upper || config->wide) return;
  const bool two_privileges = config->kind != kEl2;
  for (unsigned wxn = 0; wxn < 2; ++wxn) {
    begin(config, "", kNoLevel);
    if (wxn) now.sctlr |= WRITE_NOT_EXECUTE;
    for (uint64_t rights = 0; rights < 16; ++rights) {
      if (!two_privileges && (rights & 5) != 0) continue;
      another(wxn ? "rights-wxn" : "rights", 3);
      map(3, good_attributes() | (rights & 3) << 6 | (rights >> 2) << 53);  // AP, PXN, UXN
      attempt_all();
      if (!two_privileges || !features.pan) continue;
      attempt(kPanRead);
      attempt(kPanWrite);
    }
  }
  begin(config, "", kNoLevel);
  for (uint64_t limits = 1; limits < 16; ++limits) {
    if (!two_privileges && (limits & 5) != 0) continue;
    for (uint64_t rights = 0; rights < 4; ++rights) {
      if (!two_privileges && (rights & 1) != 0) continue;
      another("rights-limits", 2);
      map(3, good_attributes() | rights << 6);
      *descriptor(2) |= limits << 59;  // PXNTable, UXNTable, APTable
      attempt_all();
    }
  }
}

static void top_byte(const struct config* config) {
  for (unsigned on = 0; on < 2; ++on) {
    begin_mapped(config, on ? "tbi" : "no-tbi");
    if (on) set_control(37, 38, 20);
    const uint64_t address = window(now.page + 8) ^ 0x5aul << 56;
    attempt_at(kRead, address);
    attempt_at(kExecute, address - 8);
    if (!one_half()) attempt_at(kUserRead, address);
  }
  if (!features.pauth) return;
  begin_mapped(config, "tbid");
  set_control(37, 38, 20);
  set_control(51, 52, 29);
  attempt_at(kRead, window(now.page + 8) ^ 0x5aul << 56);
  attempt_at(kExecute, window(now.page) ^ 0x5aul << 56);
}

static void not_canonical(const struct config* config) {
  begin_mapped(config, "not-canonical");
  for (unsigned place = config->input_bits; place < 55; place += 3) {
    attempt_at(place % 2 ? kRead : kWrite, window(now.page + 8) ^ 1ul << place);
  }
  attempt_at(kExecute, window(now.page) ^ 1ul << 63);
}

// The upper half is far from what is mapped in EL2's lower one, too.
static void other_half(const struct config* config) {
  begin_mapped(config, "nothing-mapped");
  attempt_at(kRead, 0xffffffff80000000);
  attempt_at(kWrite, 0x80000000);
  attempt_at(kExecute, 0x80001000);
  attempt_at(kRead, 0);
}

static void walk_off(const struct config* config) {
  begin_mapped(config, "epd");
  if (config->kind == kEl2 || (config->kind == kEl20 && !config->upper)) return;
  now.tcr |= 1ul << (config->upper ? 23 : 7);
  attempt_all();
  if (!features.e0pd) return;
  begin(config, "e0pd", kNoLevel);
  map(3, good_attributes() | USER | READ_ONLY);
  set_control(55, 56, 0);
  attempt_all();
}

static void table_register(const struct config* config) {
  const bool cage_there = config->kind == kEl2 || (config->kind == kEl20 && !config->upper);
  if (cage_there || config->wide) return;
  begin_mapped(config, "ttbr-too-large");
  *(config->upper ? &now.ttbr1 : &now.ttbr0) |= TOO_LARGE;
  attempt(kRead);
  attempt(kExecute);
  begin_mapped(config, "ttbr-nothing");
  *(config->upper ? &now.ttbr1 : &now.ttbr0) = NOTHING_THERE;
  attempt(kRead);
  attempt(kWrite);
}

static void write_not_execute(const struct config* config) {
  begin_mapped(config, "wxn");
  now.sctlr |= WRITE_NOT_EXECUTE;
  attempt(kRead);
  attempt(kExecute);
  begin(config, "wxn-read-only", kNoLevel);
  map(3, good_attributes() | READ_ONLY);
  now.sctlr |= WRITE_NOT_EXECUTE;
  attempt(kExecute);
  if (config->kind == kEl2) return;
  begin(config, "wxn-user", kNoLevel);
  map(3, good_attributes() | USER);
  now.sctlr |= WRITE_NOT_EXECUTE;
  attempt(kUserExecute);
  attempt(kUserRead);
}

static void privileged_access_never(const struct config* config) {
  if (!features.pan || config->kind == kEl2) return;
  begin(config, "pan-user", kNoLevel);
  map(3, good_attributes() | USER);
  attempt(kPanRead);
  attempt(kPanWrite);
  begin_mapped(config, "pan-kernel");
  attempt(kPanRead);
  attempt(kPanWrite);
}

static void hardware_flags(const struct config* config) {
  if (!features.access_flag) return;
  begin(config, "ha", kNoLevel);
  map(3, good_attributes() & ~ACCESSED);
  now.tcr |= 1ul << (one_half() ? 21 : 39);
  attempt(kRead);
  attempt(kExecute);
  if (!features.dirty) return;
  begin(config, "hd", kNoLevel);
  map(3, good_attributes() | READ_ONLY | DIRTY_MODIFIER);
  now.tcr |= 3ul << (one_half() ? 21 : 39);
  attempt(kRead);
  attempt(kWrite);
}

static void alignment(const struct config* config) {
  begin_mapped(config, "alignment");
  now.sctlr |= ALIGNMENT_CHECK;
  attempt_at(kRead, window(now.page + 9));
  attempt_at(kWrite, window(now.page + 17));
  begin_mapped(config, "stack-alignment");
  now.sctlr |= STACK_CHECK;
  attempt_at(kStackRead, window(now.page + 8));
  begin_mapped(config, "code-alignment");
  attempt_at(kExecute, window(now.page + 2));
  begin(config, "device", kNoLevel);
  now.attribute = kDevice;
  map(3, good_attributes());
  attempt(kRead);
  attempt_at(kRead, window(now.page + 9));
}

static void nothing_there(const struct config* config) {
  begin(config, "nothing-there", kNoLevel);
  now.page = NOTHING_THERE;
  map(3, good_attributes());
  attempt(kRead);
  attempt(kExecute);
  attempt_at(kWrite, window(now.page + 16));
}

// The cage must lie at its own address then.
static void mmu_off(const struct config* config) {
  if (config->upper == (config->kind == kEl10)) return;
  begin(config, "off", kNoLevel);
  now.sctlr &= ~MMU_ON;
  now.cage &= 0xfffffffful;
  attempt_at(kRead, now.page + 8);
  attempt_at(kWrite, now.page + 16);
  attempt_at(kExecute, now.page);
  attempt_at(kRead, 0x0040000000000000);
  attempt_at(kWrite, NOTHING_THERE);
}

void special_cases(const struct config* config) {
  limits_of_tables(config);
  all_rights(config);
  top_byte(config);
  not_canonical(config);
  other_half(config);
  walk_off(config);
  table_register(config);
  write_not_execute(config);
  privileged_access_never(config);
  hardware_flags(config);
  alignment(config);
  nothing_there(config);
  mmu_off(config);
}
