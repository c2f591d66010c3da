#include "machine/memory_map.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kAddressDigits = 16;

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// Moves behind `word`; empty: it does not occur.
std::optional<std::string_view> take_until(std::string_view& line, std::string_view word) {
  const std::size_t end = line.find(word);
  if (end == line.npos) return std::nullopt;
  const std::string_view before = line.substr(0, end);
  line.remove_prefix(end + word.size());
  return before;
}

// "0000000009000000-0000000009000fff (prio 0, i/o): pl011", then an offset ("@0000000000001000") and who accelerates it.
std::optional<MemoryRegion> parse_region(std::string_view line) {
  const auto first = take_until(line, "-");
  const auto last = take_until(line, " (prio ");
  if (!first || !last || first->size() != kAddressDigits || last->size() != kAddressDigits) return std::nullopt;
  const auto first_address = parse_hex(*first);
  const auto last_address = parse_hex(*last);
  if (!first_address || !last_address || *first_address > *last_address) return std::nullopt;
  const auto priority = take_until(line, ", ");
  auto kind = take_until(line, "): ");
  if (!priority || !kind) return std::nullopt;
  if (kind->starts_with("nv-")) kind->remove_prefix(3);
  const bool memory = *kind == "ram" || *kind == "rom" || *kind == "romd";
  line = line.substr(0, line.find(" @"));
  if (line.ends_with(" KVM")) line.remove_suffix(4);
  return MemoryRegion{*first_address, *last_address, std::string(trim(line)), memory};
}

}  // namespace

std::vector<MemoryRegion> parse_memory_map(std::string_view text) {
  std::vector<MemoryRegion> map;
  bool is_ours = false;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with("FlatView")) {
      if (!map.empty()) break;
      is_ours = false;
    }
    is_ours = is_ours || trim(line).starts_with("AS \"memory\",");
    if (!is_ours) continue;
    if (auto region = parse_region(trim(line))) map.push_back(std::move(*region));
  }
  std::ranges::sort(map, {}, &MemoryRegion::first);
  return map;
}

const MemoryRegion* find_region(const std::vector<MemoryRegion>& map, std::uint64_t address) {
  const auto after = std::ranges::upper_bound(map, address, {}, &MemoryRegion::first);
  if (after == map.begin()) return nullptr;
  const MemoryRegion& region = *std::prev(after);
  return address <= region.last ? &region : nullptr;
}

}  // namespace bootrig
