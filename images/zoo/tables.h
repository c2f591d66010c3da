// Translation tables of any granule, size and start level (DDI 0487, D8.2 and D8.3). All stay in memory: who looks at
// the machine at its end finds those of every case.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tables {
  unsigned page_bits;   // 12, 14, 16
  unsigned input_bits;  // 64 - TxSZ
  int start;            // the first level, -1 to 3
  uint64_t root;
};

// New, empty tables.
struct tables make_tables(unsigned page_bits, unsigned input_bits, int start);
// Where the walk of `input_bits` begins when nothing else says so.
int natural_start(unsigned page_bits, unsigned input_bits);
// How many bits a leaf at `level` leaves as they are.
unsigned offset_bits(const struct tables* tables, int level);
// Can a block stand there? Not those of FEAT_LPA and FEAT_LPA2, one level higher.
bool is_leaf_level(unsigned page_bits, int level);
// The descriptor of `input` at `level`; tables on the way there are made where none is.
uint64_t* entry(const struct tables* tables, uint64_t input, int level);
// An address as descriptors hold it: under DS (FEAT_LPA2) bits 51:50 stand in 9:8. Without DS none is so large here.
uint64_t address_field(uint64_t address);
// The descriptor of a leaf: its address and type.
uint64_t leaf(const struct tables* tables, int level, uint64_t output);

#define TABLE 3ul
#define ATTRIBUTE(index) ((uint64_t)(index) << 2)  // place in MAIR
#define USER (1ul << 6)                            // AP[1]
#define READ_ONLY (1ul << 7)                       // AP[2]
#define SHAREABLE (3ul << 8)
#define ACCESSED (1ul << 10)
#define DIRTY_MODIFIER (1ul << 51)
#define PRIVILEGED_EXECUTE_NEVER (1ul << 53)
#define EXECUTE_NEVER (1ul << 54)  // UXN, or XN
// Of table descriptors.
#define TABLE_PXN (1ul << 59)
#define TABLE_XN (1ul << 60)
#define TABLE_NO_USER (1ul << 61)
#define TABLE_READ_ONLY (1ul << 62)
// Stage 2: Normal write-back, AF.
#define STAGE2_NORMAL (0xful << 2 | ACCESSED)
#define STAGE2_READ (1ul << 6)
#define STAGE2_WRITE (1ul << 7)
