#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {
namespace {

// The first address of the range that no memory is at. None: all of it is memory.
std::optional<std::uint64_t> first_missing(const std::vector<MemoryRegion>& map, const LoadedRange& range) {
  std::uint64_t at = range.first;
  for (;;) {
    const MemoryRegion* region = find_region(map, at);
    if (region == nullptr || !region->memory) return at;
    if (region->last >= range.last) return std::nullopt;
    at = region->last + 1;
  }
}

}  // namespace

// What is loaded to where there is nothing is lost without a word.
std::optional<RootCause> image_outside_ram(const Facts& facts) {
  if (facts.map.empty()) return std::nullopt;
  for (const LoadedRange& range : facts.evidence.loaded) {
    const auto missing = first_missing(facts.map, range);
    if (range.last < range.first || !missing) continue;
    const MemoryRegion* there = find_region(facts.map, *missing);
    std::string change = "link or load the image to where the target has memory";
    if (facts.evidence.machine != nullptr) {
      change += fmt::format(", or boot with more than {} MiB", facts.evidence.machine->memory >> 20);
    }
    return RootCause{"image-outside-ram",
                     fmt::format("the image is loaded to {:#x}..{:#x}, and at {:#x} this machine has {}", range.first,
                                 range.last, *missing, there == nullptr ? "nothing" : there->name + ", no memory"),
                     change};
  }
  return std::nullopt;
}

}  // namespace bootrig
