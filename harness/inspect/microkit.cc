#include "inspect/microkit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "inspect/bytes.h"
#include "inspect/code.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kMagic = 0x5e14dead14de5ead;
constexpr std::uint64_t kWord = 8, kRegionSize = 4 * kWord, kRegionsMax = 4096;
constexpr std::uint64_t kHypervisorFlag = 1;
constexpr std::size_t kStartMax = 4096;  // the check of its own address is at the loader's start

// Where the fields of a layout are, in words.
struct Layout {
  std::uint64_t words = 0;
  std::optional<std::uint64_t> flags;
  std::uint64_t kernel_entry = 0, user_entry = 0;
};
constexpr Layout kLayouts[] = {{8, std::nullopt, 2, 6}, {9, 2, 3, 7}, {11, 2, 3, 7}};

// A table whose parts come to its own size. The magic alone is a constant of the loader's code.
std::optional<MicrokitTable> read_table(std::string_view bytes, std::uint64_t at, const Layout& layout) {
  const auto word = [&](std::uint64_t index) {
    return little_endian<std::uint64_t>(bytes, at + kWord * index).value_or(0);
  };
  const std::uint64_t count = word(layout.words - 1), size = word(1);
  if (count == 0 || count > kRegionsMax) return std::nullopt;
  const std::uint64_t data = layout.words * kWord + count * kRegionSize;
  if (data > bytes.size() - at) return std::nullopt;
  MicrokitTable table;
  std::uint64_t sum = data;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t first = layout.words + 4 * i;
    const std::uint64_t address = word(first), length = word(first + 1), offset = word(first + 2);
    if (length > size || sum > size - length || offset > size - length || address > ~std::uint64_t{0} - length) {
      return std::nullopt;
    }
    sum += length;
    const std::uint64_t in_file = at + data + offset;
    const std::uint64_t there = in_file < bytes.size() ? std::min(length, bytes.size() - in_file) : 0;
    table.regions.push_back({.kind = ImageRegion::Kind::kCopied,
                             .name = fmt::format("region {}", i),
                             .address = address,
                             .size = length,
                             .file_offset = in_file,
                             .file_size = there});
  }
  if (sum != size) return std::nullopt;
  table.header = {.offset = at,
                  .size = size,
                  .there = std::min<std::uint64_t>(size, bytes.size() - at),
                  .kernel_entry = word(layout.kernel_entry),
                  .user_entry = word(layout.user_entry),
                  .for_hypervisor = layout.flags && (word(*layout.flags) & kHypervisorFlag) != 0};
  return table;
}

}  // namespace

std::optional<MicrokitTable> find_microkit(std::string_view bytes) {
  std::string magic;
  for (unsigned i = 0; i < kWord; ++i) magic += static_cast<char>(kMagic >> (8 * i));
  for (std::size_t at = bytes.find(magic); at != bytes.npos; at = bytes.find(magic, at + 1)) {
    for (const Layout& layout : kLayouts) {
      if (auto table = read_table(bytes, at, layout)) return table;
    }
  }
  return std::nullopt;
}

// ldr xN, =link address; adr xM, _start; cmp xN, xM. `_start` is the first byte.
std::optional<std::uint64_t> microkit_link_address(std::string_view bytes) {
  const Code code(bytes.substr(0, kStartMax), 0);
  for (std::size_t i = 0; i + 2 < code.size(); ++i) {
    const std::uint32_t compare = code.word(i + 2);
    if ((compare & 0xffe0fc1f) != 0xeb00001f) continue;  // subs xzr, xN, xM (DDI 0487, SUBS (shifted register))
    const unsigned first = (compare >> 5) & 31, second = (compare >> 16) & 31;
    if (code.pc_relative(i + 1) != Code::Address{second, 0}) continue;
    const auto literal = code.literal(i);
    if (literal && literal->reg == first) return little_endian<std::uint64_t>(bytes, literal->value);
  }
  return std::nullopt;
}

}  // namespace bootrig
