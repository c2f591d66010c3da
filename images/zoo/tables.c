#include "tables.h"

#include "console.h"

// Behind everything else in 1 GiB of RAM. RAM is zero when QEMU starts.
static uint64_t next_table = 0x50000000, end_of_tables = 0x80000000;

// Each begins a page of any granule: stage 2 can tell one from the other.
static uint64_t new_table(uint64_t size) {
  const uint64_t least = 1ul << 16;
  if (size < least) size = least;
  next_table = (next_table + size - 1) & ~(size - 1);
  const uint64_t table = next_table;
  next_table += size;
  if (next_table > end_of_tables) panic("no memory for tables");
  return table;
}

static unsigned stride(const struct tables* tables) {
  return tables->page_bits - 3;
}

unsigned offset_bits(const struct tables* tables, int level) {
  return tables->page_bits + (unsigned)(3 - level) * stride(tables);
}

int natural_start(unsigned page_bits, unsigned input_bits) {
  return 3 - (int)((input_bits - 1 - page_bits) / (page_bits - 3));
}

struct tables make_tables(unsigned page_bits, unsigned input_bits, int start) {
  struct tables tables = {page_bits, input_bits, start, 0};
  const uint64_t size = 8ul << (input_bits - offset_bits(&tables, start));
  const uint64_t page = 1ul << page_bits;
  tables.root = new_table(size < page ? page : size);
  return tables;
}

bool is_leaf_level(unsigned page_bits, int level) {
  return level >= (page_bits == 12 ? 1 : 2);
}

uint64_t* entry(const struct tables* tables, uint64_t input, int level) {
  uint64_t table = tables->root;
  for (int at = tables->start;; ++at) {
    const unsigned low = offset_bits(tables, at);
    const unsigned bits = at == tables->start ? tables->input_bits - low : stride(tables);
    uint64_t* descriptor = (uint64_t*)table + (input >> low & ((1ul << bits) - 1));
    if (at == level) return descriptor;
    if (*descriptor == 0) *descriptor = new_table(1ul << tables->page_bits) | TABLE;
    table = *descriptor & 0x0000fffffffff000;
  }
}

uint64_t address_field(uint64_t address) {
  return (address & ((1ul << 50) - 1)) | address >> 50 << 8;
}

uint64_t leaf(const struct tables* tables, int level, uint64_t output) {
  const uint64_t size = 1ul << offset_bits(tables, level);
  return address_field(output & ~(size - 1)) | (level == 3 ? 3 : 1);
}
