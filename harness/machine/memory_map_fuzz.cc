// The monitor's text of what lives where: regions are in order and hold the addresses that they are found for.
// seeds: harness/machine/fuzz_seeds/memory_map/*
#include "base/check.h"
#include "machine/memory_map.h"
#include "testing/fuzz_input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<MemoryRegion> map = parse_memory_map(text);
  std::uint64_t before = 0;
  for (const MemoryRegion& region : map) {
    CHECK(region.first >= before && region.last >= region.first);
    before = region.first;
    for (const std::uint64_t address : {region.first, region.last, region.first - 1, region.last + 1}) {
      const MemoryRegion* found = find_region(map, address);
      CHECK(found == nullptr || (found->first <= address && address <= found->last));
    }
    if (map.size() > 8) break;  // each look-up reads the text again
  }
  return 0;
}
