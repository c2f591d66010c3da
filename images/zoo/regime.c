#include "regime.h"

#include "console.h"
#include "platform.h"
#include "sysreg.h"

struct regime now;
static const char* label;
static int label_level;
static bool announced;
static unsigned cases;

extern char cage[], cage_vectors[], cage_end[];
extern char cage_read[], cage_write[], cage_user_read[], cage_user_write[], cage_stack_read[], cage_execute[];
uint64_t cage_enter(uint64_t sctlr_el2, uint64_t elr, uint64_t spsr, uint64_t address, uint64_t value);

// The pages to reach: each begins with svc #<its number>, a word that holds its own address, and one to write.
enum { kPages = 64, kPageStride = 4096 };
#define PAGES 0x48000000ul
struct page {
  uint64_t code, address, written;
};
static struct page* page_at(unsigned number) {
  return (struct page*)(PAGES + number * kPageStride);
}

#define SCTLR_EL1_RES1 0x30d00800ul  // SPAN among them
#define SCTLR_EL2_RES1 0x30c50830ul
#define HCR_RW (1ul << 31)
#define HCR_E2H (1ul << 34)
#define SPSR_MASKED 0x3c0ul
#define SPSR_PAN (1ul << 22)
#define CAGE_BITS 39  // where the cage has a half of its own

void prepare_pages(void) {
  for (unsigned i = 0; i < kPages; ++i) {
    page_at(i)->code = 0xd4000001 | i << 5;  // svc #i
    page_at(i)->address = (uint64_t)&page_at(i)->address;
  }
}

unsigned case_count(void) {
  return cases;
}

// A half of TCR_EL1's layout.
static uint64_t tcr_half(const struct tables* tables, bool upper) {
  static const uint64_t lower_granules[] = {0, 2, 1}, upper_granules[] = {2, 1, 3};  // 4K, 16K, 64K
  const uint64_t granule = (upper ? upper_granules : lower_granules)[(tables->page_bits - 12) / 2];
  const uint64_t half = (64 - tables->input_bits) | 1 << 8 | 1 << 10 | 3 << 12 | granule << 14;
  return upper ? half << 16 : half;
}

// IPS, PS: 40 bits, or what stage 2 takes, or with FEAT_LPA2 all.
static uint64_t output_size(void) {
  if (now.config->wide) return 6;
  return now.config->stage2 != 0 ? now.config->stage2->physical : 2;
}

static uint64_t half_base(bool upper, unsigned input_bits) {
  return upper ? ~0ul << input_bits : 0;
}

static void map_cage(const struct tables* tables, bool upper) {
  const uint64_t page = 1ul << tables->page_bits;
  const uint64_t below = (1ul << (tables->input_bits - 1)) - 1;
  for (uint64_t at = (uint64_t)cage; at < (uint64_t)cage_end; at += page) {
    *entry(tables, at & below, 3) = leaf(tables, 3, at) | ATTRIBUTE(kNormal) | READ_ONLY | ACCESSED |
                                    (now.config->kind == kEl2 ? USER : 0);
  }
  now.cage = half_base(upper, tables->input_bits) | ((uint64_t)cage & below);
}

// Two halves: the cage is in the half that is not tested. EL2&0 has it always in the lower one, where it stays when the
// MMU is turned off under it.
static void make_two_halves(void) {
  const struct config* config = now.config;
  const bool shared = config->kind == kEl20 && !config->upper;
  const struct tables other = make_tables(12, CAGE_BITS, 1);
  map_cage(shared ? &now.tables : &other, shared ? false : !config->upper);
  now.tcr = tcr_half(&now.tables, config->upper) | tcr_half(&other, !config->upper) | output_size() << 32 |
            (uint64_t)config->wide << 59;
  now.ttbr0 = config->upper ? other.root : now.tables.root;
  now.ttbr1 = config->upper ? now.tables.root : other.root;
  now.sctlr = SCTLR_EL1_RES1 | MMU_ON;
}

static void make_one_half(void) {
  map_cage(&now.tables, false);
  now.tcr = tcr_half(&now.tables, false) | output_size() << 16 | 1ul << 31 | 1 << 23 | (uint64_t)now.config->wide << 32;
  now.ttbr0 = now.tables.root;
  now.sctlr = SCTLR_EL2_RES1 | MMU_ON;
}

// RAM at its own address, so that stage 1's tables and the cage are reached.
static void make_stage2(const struct stage2_config* config) {
  static const uint64_t granules[] = {0, 2, 1};
  now.stage2 = make_tables(config->page_bits, config->input_bits, config->start);
  const int level = config->start == 3 ? 3 : 2;
  for (uint64_t at = RAM_PHYSICAL; at < RAM_PHYSICAL + GIB; at += 1ul << offset_bits(&now.stage2, level)) {
    *entry(&now.stage2, at, level) = leaf(&now.stage2, level, at) | STAGE2_NORMAL | STAGE2_READ | STAGE2_WRITE;
  }
  // SL0; level -1 is SL2, and level 0 of 16K the fourth value.
  const uint64_t start_level = config->start < 0 ? 0 : (config->page_bits == 12 ? 2 : 3) - (uint64_t)config->start;
  now.vtcr = (uint64_t)config->wide << 32 | (uint64_t)(config->start < 0) << 33;
  now.vtcr |= (64 - config->input_bits) | start_level << 6 | 1 << 8 | 1 << 10 | 3 << 12 |
             granules[(config->page_bits - 12) / 2] << 14 | config->physical << 16 | 1ul << 31;
  now.vttbr = now.stage2.root;
  now.hcr |= HCR_VM;
}

static void name_case(const char* new_label, int level) {
  label = new_label;
  label_level = level;
  announced = false;
}

void begin(const struct config* config, const char* new_label, int level) {
  static unsigned pages;
  name_case(new_label, level);
  now = (struct regime){.config = config, .mair = MAIR_VALUE, .hcr = HCR_RW, .attribute = kNormal};
  now.page = (uint64_t)page_at(pages++ % kPages);
  now.tables = make_tables(config->page_bits, config->input_bits, natural_start(config->page_bits, config->input_bits));
  if (config->kind == kEl2) {
    make_one_half();
  } else {
    make_two_halves();
  }
  if (config->kind == kEl20) now.hcr |= HCR_E2H | HCR_TGE;
  if (config->stage2 != 0) make_stage2(config->stage2);
}

// The next entry of a table of `level`. The first stays free: the places of lower levels go through it. The top bit of
// the input is the window's.
static bool next_place(const struct tables* tables, unsigned* places, int level, uint64_t* place) {
  const unsigned low = offset_bits(tables, level);
  const unsigned bits = level == tables->start ? tables->input_bits - 1 - low : tables->page_bits - 3;
  const uint64_t number = ++places[level + 1];
  *place = number << low;
  return number < 1ul << bits;
}

static void begin_alone(void) {
  begin(now.config, "", kNoLevel);
  now.full = true;
}

void another(const char* new_label, int level) {
  now.stage2_place = 0;
  if (now.full || !next_place(&now.tables, now.places, level, &now.place)) begin_alone();
  name_case(new_label, level);
}

void another_stage2(const char* new_label, int level) {
  const bool fits = !now.full && next_place(&now.tables, now.places, 3, &now.place) &&
                    next_place(&now.stage2, now.stage2_places, level, &now.stage2_place);
  if (!fits) begin_alone();
  name_case(new_label, level);
}

uint64_t window(uint64_t physical) {
  const uint64_t top = 1ul << (now.tables.input_bits - 1);
  return half_base(now.config->upper, now.tables.input_bits) | top | ((physical ^ now.place) & (top - 1));
}

uint64_t stage2_window(uint64_t physical) {
  return 1ul << (now.stage2.input_bits - 1) | (physical ^ now.stage2_place);
}

uint64_t table_base(uint64_t root) {
  return (root & ((1ul << 48) - 1)) | root >> 48 << 2;
}

uint64_t stage1_output(uint64_t physical) {
  return now.config->stage2 != 0 ? stage2_window(physical) : physical;
}

uint64_t* descriptor(int level) {
  return entry(&now.tables, window(now.page), level);
}

uint64_t* stage2_descriptor(int level) {
  return entry(&now.stage2, stage2_window(now.page), level);
}

uint64_t good_attributes(void) {
  // Under DS, SH's place holds bits 51:50 of the address. EL2 has AP[1] as RES1.
  return ATTRIBUTE(now.attribute) | ACCESSED | (now.config->wide ? 0 : SHAREABLE) |
         (now.config->kind == kEl2 ? USER : 0);
}

void map(int level, uint64_t attributes) {
  *descriptor(level) = leaf(&now.tables, level, stage1_output(now.page)) | attributes;
}

void map_stage2(int level, uint64_t attributes) {
  *stage2_descriptor(level) = leaf(&now.stage2, level, now.page) | attributes;
}

static void announce(void) {
  static const char* const kinds[] = {"el1", "el2", "el2&0"};
  if (announced) return;
  announced = true;
  const char* stage2 = now.config->stage2 != 0 ? now.config->stage2->name : "";
  print("%s: regime %s %s%s/%s", program_name, kinds[now.config->kind], now.config->name, stage2, label);
  if (label_level != kNoLevel) print(label_level < 0 ? "-l-1" : "-l%u", (unsigned)label_level);
  print(" sctlr=0x%lx tcr=0x%lx ttbr0=0x%lx ttbr1=0x%lx mair=0x%lx", now.sctlr, now.tcr, now.ttbr0, now.ttbr1,
        now.mair);
  print(" hcr=0x%lx vtcr=0x%lx vttbr=0x%lx\n", now.hcr, now.vtcr, now.vttbr);
}

static void write_registers(void) {
  write_sysreg(hcr_el2, now.hcr);
  isb();
  if (now.config->kind == kEl10) {
    write_sysreg(mair_el1, now.mair);
    write_sysreg(tcr_el1, now.tcr);
    write_sysreg(ttbr0_el1, now.ttbr0);
    write_sysreg(ttbr1_el1, now.ttbr1);
    write_sysreg(sctlr_el1, now.sctlr);
    write_sysreg(vbar_el1, now.cage);
    write_sysreg(vtcr_el2, now.vtcr);
    write_sysreg(vttbr_el2, now.vttbr);
  } else {
    write_sysreg(mair_el2, now.mair);
    write_sysreg(tcr_el2, now.tcr);
    write_sysreg(ttbr0_el2, now.ttbr0);
    if (now.config->kind == kEl20) write_sysreg(s3_4_c2_c0_1, now.ttbr1);  // TTBR1_EL2: Armv8.1
  }
  write_sysreg(vbar_el2, cage_vectors);
  dsb();
  isb();
  __asm__ volatile("tlbi alle1\n tlbi alle2\n tlbi vmalle1\n dsb sy\n isb" : : : "memory");
}

// In the cage; EL0 goes straight to the address.
static const char* code_of(enum access access) {
  static const char* const code[] = {cage_read,       cage_write, cage_execute, cage_user_read, cage_user_write, 0,
                                     cage_read,       cage_write, cage_stack_read};
  return code[access];
}

// Runs it; gives what was read.
static uint64_t run(enum access access, uint64_t address) {
  const bool at_el1 = now.config->kind == kEl10;
  uint64_t elr = address, spsr = SPSR_MASKED;  // EL0t
  if (access != kUserExecute) {
    elr = now.cage + (uint64_t)(code_of(access) - cage);
    spsr |= at_el1 ? 5 : 9;  // EL1h, EL2h
  }
  if (access == kPanRead || access == kPanWrite) spsr |= SPSR_PAN;
  write_registers();
  const uint64_t sctlr_el2 = at_el1 ? SCTLR_EL2_RES1 : now.sctlr;
  const uint64_t value = cage_enter(sctlr_el2, elr, spsr, address, 0x5a00000000ul | cases);
  write_sysreg(hcr_el2, HCR_RW);
  isb();
  return value;
}

static uint64_t find_written(void) {
  for (unsigned i = 0; i < kPages; ++i) {
    if (page_at(i)->written == (0x5a00000000ul | cases)) return (uint64_t)&page_at(i)->written;
  }
  return 0;
}

// What became of it. The cage's own calls tell: hvc #0 behind an access that was made, hvc #1 by EL1's vectors.
static void report(enum access access, uint64_t value) {
  enum { kSvc = 0x15, kHvc = 0x16 };
  uint64_t esr = read_sysreg(esr_el2), far = read_sysreg(far_el2);
  unsigned to = 2;
  if (esr >> 26 == kHvc && (esr & 0xffff) == 0) {
    print(" pa=0x%lx\n", access == kWrite || access == kUserWrite || access == kPanWrite ? find_written() : value);
    return;
  }
  if (esr >> 26 == kHvc) {
    esr = read_sysreg(esr_el1);
    far = read_sysreg(far_el1);
    to = 1;
  }
  if (esr >> 26 == kSvc) {
    print(" pa=0x%lx\n", (uint64_t)&page_at(esr & 0xffff)->code);
  } else {
    print(" esr=0x%lx far=0x%lx hpfar=0x%lx to=%u\n", esr, far, read_sysreg(hpfar_el2), to);
  }
}

void attempt_at(enum access access, uint64_t address) {
  static const char* const names[] = {"read",         "write",    "execute",   "user-read", "user-write",
                                      "user-execute", "pan-read", "pan-write", "stack-read"};
  announce();
  ++cases;
  const uint64_t value = run(access, address);
  print("%s: case %u %s va=0x%lx", program_name, cases, names[access], address);
  report(access, value);
}

void attempt(enum access access) {
  const bool writes = access == kWrite || access == kUserWrite || access == kPanWrite;
  const bool executes = access == kExecute || access == kUserExecute;
  struct page* page = (struct page*)now.page;
  const void* physical = executes ? &page->code : writes ? &page->written : &page->address;
  attempt_at(access, window((uint64_t)physical));
}

void attempt_all(void) {
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
  if (now.config->kind == kEl2) return;
  attempt(kUserRead);
  attempt(kUserWrite);
  attempt(kUserExecute);
}
