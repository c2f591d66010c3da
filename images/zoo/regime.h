// A regime under test, and accesses in it. begin() makes a new one, whose tables hold the cage and nothing else; cases
// change its tables and registers as they like, then attempt accesses, each of which says a line. What an access has
// met is not changed any more: another() goes on at a place of its own in the same tables.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables.h"

enum regime_kind { kEl10, kEl2, kEl20 };

struct stage2_config {
  const char* name;
  unsigned page_bits, input_bits;
  int start;
  unsigned physical;  // VTCR_EL2.PS
  bool wide;          // VTCR_EL2.DS
};

struct config {
  const char* name;
  enum regime_kind kind;
  unsigned page_bits, input_bits;
  bool upper;  // the addresses under test are TTBR1's
  bool wide;   // TCR.DS: FEAT_LPA2
  const struct stage2_config* stage2;
};

struct regime {
  const struct config* config;
  struct tables tables;  // of the half under test
  struct tables stage2;
  uint64_t sctlr, tcr, ttbr0, ttbr1, mair, hcr, vtcr, vttbr;
  uint64_t cage;   // its virtual address
  uint64_t page;   // the page to reach: its physical address
  unsigned attribute;  // what a good leaf has
  // Where the page is shown: bits that differ from the first place; and how many places each level has had.
  uint64_t place, stage2_place;
  unsigned places[5], stage2_places[5];
  bool full;  // a descriptor that other places need is taken
};
extern struct regime now;

enum access {
  kRead,
  kWrite,
  kExecute,
  kUserRead,   // by ldtr and sttr
  kUserWrite,
  kUserExecute,  // at EL0
  kPanRead,      // with PSTATE.PAN
  kPanWrite,
  kStackRead,  // by SP
};

// `level` is told behind the label; kNoLevel is none.
enum { kNoLevel = 9 };
void begin(const struct config* config, const char* label, int level);
// Another place, whose descriptors from `level` on no other place has.
void another(const char* label, int level);
// The same for stage 2's tables; in those of stage 1 it has a page of its own.
void another_stage2(const char* label, int level);

// Where the tested half shows `physical`: its top bit is set, the cage's is not.
uint64_t window(uint64_t physical);
// Where stage 2 shows `physical`, besides at its own address.
uint64_t stage2_window(uint64_t physical);
// What stage 1 must give for `physical`.
uint64_t stage1_output(uint64_t physical);

// What TTBR must hold for tables at `root`: with 52 bits, the highest stand at the bottom.
uint64_t table_base(uint64_t root);

// The descriptor of the page to reach.
uint64_t* descriptor(int level);
uint64_t* stage2_descriptor(int level);
uint64_t good_attributes(void);
// Maps the page by a leaf at `level`.
void map(int level, uint64_t attributes);
void map_stage2(int level, uint64_t attributes);

// An access of the page to reach, or of any address.
void attempt(enum access access);
void attempt_at(enum access access, uint64_t address);
void attempt_all(void);  // read, write, execute; as EL0 too, where the regime has it

void prepare_pages(void);
unsigned case_count(void);

// An address that is larger than any regime here allows.
#define TOO_LARGE (1ul << 46)
// Where QEMU's `virt` has nothing.
#define NOTHING_THERE 0x2000000000ul

#define MAIR_VALUE 0xff440c0400ul  // 0: Device-nGnRnE, 4: Normal write-back
enum { kDevice = 0, kNormal = 4 };
#define MMU_ON 1ul
#define ALIGNMENT_CHECK (1ul << 1)
#define STACK_CHECK (1ul << 3)
#define WRITE_NOT_EXECUTE (1ul << 19)
#define HCR_VM 1ul
#define HCR_PTW (1ul << 2)
#define HCR_DC (1ul << 12)
#define HCR_TGE (1ul << 27)
