// The zoo: translation regimes of every kind, one after the other, and what the CPU makes of accesses in them. Each
// regime and each access says a line; the tables stay in memory until the end, for who wants to compare. Entered at EL2.
#include "cases.h"
#include "console.h"
#include "platform.h"
#include "sysreg.h"

const char program_name[] = "bootrig zoo";
struct features features;

static const struct config el1_configs[] = {
    {"4k-48-lower", kEl10, 12, 48, false, false, 0},  {"4k-48-upper", kEl10, 12, 48, true, false, 0},
    {"4k-39-lower", kEl10, 12, 39, false, false, 0},  {"4k-39-upper", kEl10, 12, 39, true, false, 0},
    {"4k-25-lower", kEl10, 12, 25, false, false, 0},  {"4k-25-upper", kEl10, 12, 25, true, false, 0},
    {"64k-48-lower", kEl10, 16, 48, false, false, 0}, {"64k-48-upper", kEl10, 16, 48, true, false, 0},
    {"64k-42-lower", kEl10, 16, 42, false, false, 0}, {"64k-42-upper", kEl10, 16, 42, true, false, 0},
    {"64k-29-lower", kEl10, 16, 29, false, false, 0}, {"64k-29-upper", kEl10, 16, 29, true, false, 0},
    {"16k-48-lower", kEl10, 14, 48, false, false, 0}, {"16k-48-upper", kEl10, 14, 48, true, false, 0},
    {"16k-47-lower", kEl10, 14, 47, false, false, 0}, {"16k-47-upper", kEl10, 14, 47, true, false, 0},
    {"16k-36-lower", kEl10, 14, 36, false, false, 0}, {"16k-36-upper", kEl10, 14, 36, true, false, 0},
};
static const struct config el2_configs[] = {
    {"4k-48", kEl2, 12, 48, false, false, 0},  {"4k-39", kEl2, 12, 39, false, false, 0},
    {"4k-32", kEl2, 12, 32, false, false, 0},  {"64k-48", kEl2, 16, 48, false, false, 0},
    {"64k-42", kEl2, 16, 42, false, false, 0}, {"64k-36", kEl2, 16, 36, false, false, 0},
    {"16k-48", kEl2, 14, 48, false, false, 0}, {"16k-47", kEl2, 14, 47, false, false, 0},
    {"16k-36", kEl2, 14, 36, false, false, 0},
};
static const struct config el20_configs[] = {
    {"4k-48-lower", kEl20, 12, 48, false, false, 0},  {"4k-39-upper", kEl20, 12, 39, true, false, 0},
    {"4k-32-lower", kEl20, 12, 32, false, false, 0},  {"4k-39-lower", kEl20, 12, 39, false, false, 0},
    {"64k-48-upper", kEl20, 16, 48, true, false, 0},  {"64k-42-lower", kEl20, 16, 42, false, false, 0},
    {"64k-29-upper", kEl20, 16, 29, true, false, 0},  {"16k-48-lower", kEl20, 14, 48, false, false, 0},
    {"16k-47-upper", kEl20, 14, 47, true, false, 0},  {"16k-36-lower", kEl20, 14, 36, false, false, 0},
};
// FEAT_TTST: so small that a level 3 table is all there is. FEAT_LVA: 52 bits with 64K.
static const struct config odd_configs[] = {
    {"4k-20-lower", kEl10, 12, 20, false, false, 0},  {"4k-20-upper", kEl10, 12, 20, true, false, 0},
    {"64k-20-upper", kEl10, 16, 20, true, false, 0},  {"64k-52-lower", kEl10, 16, 52, false, false, 0},
    {"64k-52-upper", kEl10, 16, 52, true, false, 0},
};
// FEAT_LPA2: 52 bits, from level -1 with 4K.
static const struct config wide_configs[] = {
    {"4k-52-lower", kEl10, 12, 52, false, true, 0},  {"4k-52-upper", kEl10, 12, 52, true, true, 0},
    {"4k-39-lpa2", kEl10, 12, 39, false, true, 0},   {"16k-52-lower", kEl10, 14, 52, false, true, 0},
    {"16k-52-upper", kEl10, 14, 52, true, true, 0},  {"4k-50", kEl2, 12, 50, false, true, 0},
    {"16k-50", kEl2, 14, 50, false, true, 0},
};
// Where tables stand side by side at the start: 2, 16, 1; 1, 16; 16, 1; 1, 16 (4K, 64K, 16K, 4K).
static const struct stage2_config stage2_configs[] = {
    {"+s2-4k-40", 12, 40, 1, 2, false},  {"+s2-4k-34", 12, 34, 2, 2, false},  {"+s2-4k-39", 12, 39, 1, 2, false},
    {"+s2-64k-40", 16, 40, 2, 2, false}, {"+s2-64k-33", 16, 33, 3, 2, false}, {"+s2-16k-40", 14, 40, 2, 2, false},
    {"+s2-16k-36", 14, 36, 2, 2, false}, {"+s2-4k-44", 12, 44, 0, 4, false},  {"+s2-4k-43", 12, 43, 1, 4, false},
};
static const struct config stage1_of_stage2[] = {
    {"4k-39-lower", kEl10, 12, 39, false, false, 0},
    {"4k-48-upper", kEl10, 12, 48, true, false, 0},
    {"64k-42-lower", kEl10, 16, 42, false, false, 0},
};
static const struct stage2_config wide_stage2_configs[] = {
    {"+s2-4k-52", 12, 52, -1, 6, true},
    {"+s2-4k-48", 12, 48, 0, 6, true},
    {"+s2-16k-50", 14, 50, 1, 6, true},
};
static const struct config wide_stage1 = {"4k-39-lpa2", kEl10, 12, 39, false, true, 0};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned id_field(uint64_t value, unsigned low) {
  return value >> low & 15;
}

static void find_features(void) {
  const uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1), mmfr1 = read_sysreg(id_aa64mmfr1_el1);
  const uint64_t mmfr2 = read_sysreg(s3_0_c0_c7_2), isar1 = read_sysreg(id_aa64isar1_el1);
  features = (struct features){
      .pa_range = id_field(mmfr0, 0),
      .granule_16k = id_field(mmfr0, 20) != 0,
      .lpa2 = id_field(mmfr0, 28) == 1 && id_field(mmfr0, 20) == 2,
      .wide_va = id_field(mmfr2, 16) != 0,
      .small_tables = id_field(mmfr2, 28) != 0,
      .hierarchy_off = id_field(mmfr1, 12) != 0,
      .pan = id_field(mmfr1, 20) != 0,
      .access_flag = id_field(mmfr1, 0) != 0,
      .dirty = id_field(mmfr1, 0) > 1,
      .e0pd = id_field(mmfr2, 60) != 0,
      .vhe = id_field(mmfr1, 8) != 0,
      .xnx = id_field(mmfr1, 28) != 0,
      .pauth = id_field(isar1, 4) != 0 || id_field(isar1, 8) != 0,
  };
}

static bool is_possible(const struct config* config) {
  if (config->page_bits == 14 && !features.granule_16k) return false;
  if (config->wide && !features.lpa2) return false;
  if (config->input_bits < 25 && !features.small_tables) return false;
  if (config->input_bits > 48 && !config->wide && !features.wide_va) return false;
  return config->kind != kEl20 || features.vhe;
}

// Where the size does not matter, the middle one of each granule will do.
static bool stands_for_all(const struct config* config) {
  const unsigned size = config->page_bits == 12 ? 39 : config->page_bits == 14 ? 47 : 42;
  return config->input_bits == size || config->wide;
}

static void visit(const struct config* configs, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    if (!is_possible(&configs[i])) continue;
    stage1_cases(&configs[i]);
    if (stands_for_all(&configs[i])) special_cases(&configs[i]);
  }
}

static void visit_stage2(void) {
  for (unsigned i = 0; i < COUNT(stage2_configs); ++i) {
    const struct stage2_config* stage2 = &stage2_configs[i];
    if (stage2->page_bits == 14 && !features.granule_16k) continue;
    if (stage2->physical > features.pa_range) continue;
    for (unsigned j = 0; j < COUNT(stage1_of_stage2); ++j) {
      struct config config = stage1_of_stage2[j];
      config.stage2 = stage2;
      if (j == 0) stage2_cases(&config);
      stage1_under_stage2_cases(&config);
    }
  }
  for (unsigned i = 0; i < COUNT(wide_stage2_configs) && features.lpa2; ++i) {
    struct config config = wide_stage1;
    config.stage2 = &wide_stage2_configs[i];
    stage2_cases(&config);
    stage1_under_stage2_cases(&config);
  }
}

static void power_off(void) {
  register uint64_t x0 __asm__("x0") = 0x84000008;  // PSCI SYSTEM_OFF (Arm DEN 0022)
  __asm__ volatile("smc #0" : "+r"(x0) : : "memory");
}

void zoo_main(void) {
  console_open(UART_PHYSICAL);
  find_features();
  const uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);
  say("entered at EL%u, MIDR 0x%lx, ID_AA64MMFR0_EL1 0x%lx", current_level(), read_sysreg(midr_el1), mmfr0);
  if (current_level() != 2) panic("it needs EL2");
  prepare_pages();
  visit(el1_configs, COUNT(el1_configs));
  visit(el2_configs, COUNT(el2_configs));
  visit(el20_configs, COUNT(el20_configs));
  visit(odd_configs, COUNT(odd_configs));
  visit(wide_configs, COUNT(wide_configs));
  visit_stage2();
  say("%u cases", case_count());
  power_off();
  panic("cannot power off");
}
