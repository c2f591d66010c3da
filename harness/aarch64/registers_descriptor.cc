// Translation table descriptors of both stages (DDI 0487, D8.3).
#include <fmt/format.h>

#include <vector>

#include "aarch64/registers.h"
#include "base/check.h"

namespace bootrig::aarch64 {
namespace {

constexpr bool kAddress = true;

constexpr Describe kAccessFlag = words<"the first access is an access flag fault", "">;
constexpr Describe kStage1Access =
    words<"read and write, not EL0", "read and write, EL0 too", "read only, not EL0", "read only, EL0 too">;
constexpr Describe kStage2Access = words<"no access", "read only", "write only", "read and write">;
constexpr Describe kTableAccess = words<"no limit", "no access from EL0", "no writes", "no writes, no access from EL0">;
// With FEAT_XNX; without it bit 53 is not looked at.
constexpr Describe kStage2Execute =
    words<"executable", "not executable at EL1", "not executable", "not executable at EL0">;
constexpr Describe kStage2Memory =
    words<"Device-nGnRnE", "Device-nGnRE", "Device-nGRE", "Device-GRE", "reserved value", "Normal, Non-cacheable",
          "Normal, inner Write-Through, outer Non-cacheable", "Normal, inner Write-Back, outer Non-cacheable",
          "reserved value", "Normal, inner Non-cacheable, outer Write-Through", "Normal, Write-Through",
          "Normal, inner Write-Back, outer Write-Through", "reserved value",
          "Normal, inner Non-cacheable, outer Write-Back", "Normal, inner Write-Through, outer Write-Back",
          "Normal, Write-Back">;

constexpr FieldSpec kInvalid[] = {{"IGNORED", 63, 1}, {"Valid", 0, 0, words<"invalid", "valid">}};
constexpr FieldSpec kReserved[] = {{"IGNORED", 63, 2},
                                   {"Type", 1, 1, words<"reserved at this level", "">},
                                   {"Valid", 0, 0, words<"invalid", "valid">}};
static_assert(tiles(kInvalid, 63, 0) && tiles(kReserved, 63, 0));

constexpr Describe kTypeWords = words<"block", "table or page">;
constexpr Describe kValidWords = words<"invalid", "valid">;

// Bits 47..low hold address bits of the same number; below stand RES0 and, with 64K, address bits 51:48.
constexpr void add_address(std::vector<FieldSpec>& fields, std::string_view name, unsigned low, unsigned granule_bits) {
  fields.push_back({name, 47, low, nullptr, kAddress});
  const bool high_bits = granule_bits == 16;
  const unsigned next = high_bits ? 16 : 12;
  if (low > 17) fields.push_back({"RES0", low - 1, 17});
  if (low > 16) fields.push_back({"nT", 16, 16});
  if (low > 16 && !high_bits) fields.push_back({"RES0", 15, 12});
  if (low <= 16 && low > next) fields.push_back({"RES0", low - 1, next});
  if (high_bits) fields.push_back({"OA[51:48]", 15, 12});
}

constexpr std::vector<FieldSpec> table_fields(const DescriptorPlace& place) {
  std::vector<FieldSpec> fields;
  if (place.stage == 1) {
    fields = {{"NSTable", 63, 63},
              {"APTable", 62, 61, kTableAccess},
              {"UXNTable", 60, 60, set<"not executable at EL0">},
              {"PXNTable", 59, 59, set<"not executable above EL0">},
              {"IGNORED", 58, 51},
              {"RES0", 50, 48}};
  } else {
    fields = {{"RES0", 63, 59}, {"IGNORED", 58, 51}, {"RES0", 50, 48}};
  }
  add_address(fields, "Next-level table", place.granule_bits, place.granule_bits);
  fields.insert(fields.end(), {{"IGNORED", 11, 2}, {"Type", 1, 1, kTypeWords}, {"Valid", 0, 0, kValidWords}});
  return fields;
}

constexpr std::vector<FieldSpec> leaf_fields(const DescriptorPlace& place, unsigned low) {
  std::vector<FieldSpec> fields = {{"IGNORED", 63, 63}, {"PBHA", 62, 59}, {"Software", 58, 55}};
  if (place.stage == 1) {
    fields.insert(fields.end(),
                  {{"UXN", 54, 54, set<"not executable at EL0">}, {"PXN", 53, 53, set<"not executable above EL0">}});
  } else {
    fields.push_back({"XN", 54, 53, kStage2Execute});
  }
  fields.insert(fields.end(), {{"Contiguous", 52, 52}, {"DBM", 51, 51}});
  if (place.stage == 1) {
    fields.insert(fields.end(), {{"GP", 50, 50, set<"guarded: BTI is checked">}, {"RES0", 49, 48}});
  } else {
    fields.push_back({"RES0", 50, 48});
  }
  add_address(fields, "Output address", low, place.granule_bits);
  if (place.stage == 1) {
    fields.insert(fields.end(), {{"nG", 11, 11, words<"global", "not global">},
                                 {"AF", 10, 10, kAccessFlag},
                                 {"SH", 9, 8, kShareability},
                                 {"AP[2:1]", 7, 6, kStage1Access},
                                 {"NS", 5, 5},
                                 {"AttrIndx", 4, 2}});
  } else {
    fields.insert(fields.end(), {{"FnXS", 11, 11},
                                 {"AF", 10, 10, kAccessFlag},
                                 {"SH", 9, 8, kShareability},
                                 {"S2AP", 7, 6, kStage2Access},
                                 {"MemAttr", 5, 2, kStage2Memory}});
  }
  fields.insert(fields.end(), {{"Type", 1, 1, kTypeWords}, {"Valid", 0, 0, kValidWords}});
  return fields;
}

// The lowest address bit that an entry of the level translates: 12, 21, 30, 39 of 4K.
constexpr unsigned level_low(const DescriptorPlace& place) {
  return place.granule_bits + (place.granule_bits - 3) * static_cast<unsigned>(3 - place.level);
}

// Blocks without 52-bit addresses: 4K at levels 1 and 2, 16K at level 2, 64K at level 2 (and 1 with FEAT_LPA).
constexpr bool has_blocks(const DescriptorPlace& place) {
  return place.level == 2 || (place.level == 1 && place.granule_bits != 14);
}

// Every layout that decode_descriptor can choose covers the descriptor.
constexpr bool all_tile() {
  for (const unsigned granule_bits : {12u, 14u, 16u}) {
    for (const int stage : {1, 2}) {
      for (int level = granule_bits == 16 ? 1 : 0; level <= 3; ++level) {
        const DescriptorPlace place{granule_bits, level, stage};
        if (!tiles(table_fields(place), 63, 0)) return false;
        if ((level == 3 || has_blocks(place)) && !tiles(leaf_fields(place, level_low(place)), 63, 0)) return false;
      }
    }
  }
  return true;
}
static_assert(all_tile());

std::uint64_t address_of(std::uint64_t value, unsigned low, unsigned granule_bits) {
  const std::uint64_t upper = granule_bits == 16 ? bits(value, 15, 12) << 48 : 0;
  return upper | (bits(value, 47, low) << low);
}

}  // namespace

Descriptor decode_descriptor(std::uint64_t value, const DescriptorPlace& place) {
  CHECK(place.granule_bits == 12 || place.granule_bits == 14 || place.granule_bits == 16);
  CHECK(place.level >= (place.granule_bits == 16 ? 1 : 0) && place.level <= 3);
  CHECK(place.stage == 1 || place.stage == 2);
  const auto made = [&](std::string text, Layout layout) {
    return Descriptor{std::move(text), decode_register("Descriptor", layout, value)};
  };
  if ((value & 1) == 0) return made("invalid descriptor: a translation fault", kInvalid);
  const bool table_or_page = (value & 2) != 0;
  if (table_or_page && place.level < 3) {
    const std::uint64_t next = address_of(value, place.granule_bits, place.granule_bits);
    return made(fmt::format("table descriptor: the next table is at {:#x}", next), table_fields(place));
  }
  if (!table_or_page && !has_blocks(place)) {
    return made("reserved descriptor: not a block at this level, a translation fault", kReserved);
  }
  const unsigned low = level_low(place);
  const std::uint64_t address = address_of(value, low, place.granule_bits);
  const std::uint64_t last = address + (std::uint64_t{1} << low) - 1;
  return made(
      fmt::format("{} descriptor: output address {:#x}, up to {:#x}", table_or_page ? "page" : "block", address, last),
      leaf_fields(place, low));
}

}  // namespace bootrig::aarch64
