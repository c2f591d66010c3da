#include <fmt/format.h>

#include <algorithm>

#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// RAM is given out in a row; what is further behind its end than this is another mistake.
constexpr std::uint64_t kFurthest = std::uint64_t{64} << 30;

// The RAM that the address would be in if there were more of it; null: something else lies between.
const MemoryRegion* ram_before(const std::vector<MemoryRegion>& map, std::uint64_t address) {
  const auto after = std::ranges::upper_bound(map, address, {}, &MemoryRegion::first);
  if (after == map.begin()) return nullptr;
  const MemoryRegion& before = *std::prev(after);
  const bool ram = before.memory && before.name.find("ram") != before.name.npos;
  return ram && address > before.last && address - before.last <= kFurthest ? &before : nullptr;
}

}  // namespace

std::optional<RootCause> memory_beyond_ram(const Facts& facts) {
  const auto address = access_to_nothing(facts);
  if (!address) return std::nullopt;
  const MemoryRegion* ram = ram_before(facts.map, *address);
  if (ram == nullptr) return std::nullopt;
  const std::uint64_t size = ram->last - ram->first + 1, behind = *address - ram->last - 1;
  return RootCause{
      "memory-beyond-ram",
      fmt::format("{} accesses physical {:#x}, {} behind the end of this machine's {} MiB of memory ({:#x} to {:#x})",
                  code_of_exception(facts), *address,
                  behind >> 20 ? fmt::format("{} MiB", behind >> 20) : fmt::format("{} bytes", behind), size >> 20,
                  ram->first, ram->last),
      fmt::format("use what the device tree says of memory, or boot with more than {} MiB",
                  (*address - ram->first) >> 20)};
}

}  // namespace bootrig
