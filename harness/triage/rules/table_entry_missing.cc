#include <fmt/format.h>

#include <array>

#include "aarch64/translation.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

using aarch64::Access;
using aarch64::FaultKind;
using aarch64::WalkStep;

bool file_allows(const FilePlace& place, Access::Kind kind) {
  return kind == Access::Kind::kExecute ? place.executable() : kind == Access::Kind::kRead || place.writable();
}

// Whether the file's bytes lie where it says: then that is where the address belongs.
bool is_at_home(const Facts& facts, const FilePlace& place) {
  return place.tells_physical() && compare_with_memory(facts, place, place.physical()) != Likeness::kOther;
}

// The entry beside it, moved by one: what a loader that fills a table in a loop would have put there.
std::optional<std::uint64_t> value_by_neighbour(const Facts& facts, const WalkStep& missing, std::uint64_t physical,
                                                unsigned offset_bits) {
  const std::uint64_t size = std::uint64_t{1} << offset_bits;
  for (const std::uint64_t step : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    if (missing.index + step > 511) continue;  // -1 of the first wraps
    const auto kind = facts.access.kind;
    if (translate(facts, *facts.far + step * size, kind) != physical + step * size) continue;
    std::array<std::uint8_t, 8> bytes;
    if (!facts.memory->read(missing.address + step * 8, bytes)) continue;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    const bool leaf = (value & 1) != 0 && (missing.level == 3 || (value & 2) == 0);
    if (leaf) return value - step * size;
  }
  return std::nullopt;
}

std::string change_of(const Facts& facts, const WalkStep& missing, const FilePlace& place) {
  const std::string at =
      with_symbol(facts, missing.address) + (facts.from_files ? offset_in_file(facts, missing.address) : std::string());
  if (!is_at_home(facts, place)) {
    return fmt::format("the descriptor at {} must lead to the memory that holds {} of {}", at, place.what(),
                       place.file_name());
  }
  const auto scheme = aarch64::stage1_scheme(*facts.registers, facts.regime, *facts.far, facts.access);
  const bool leaf_possible = scheme && missing.stage == 1 && missing.level > 0;
  const unsigned offset_bits = leaf_possible ? scheme->offset_bits(missing.level) : 0;
  const std::uint64_t base = place.physical() >> offset_bits << offset_bits;
  const bool aligned =
      leaf_possible && ((place.physical() ^ *facts.far) & ((std::uint64_t{1} << offset_bits) - 1)) == 0;
  if (!aligned)
    return fmt::format("the descriptor at {} must point to a table that leads to {:#x}", at, place.physical());
  if (const auto value = value_by_neighbour(facts, missing, place.physical(), offset_bits)) {
    return fmt::format("the descriptor at {} must hold {:#x}, as the one beside it leads to the memory beside", at,
                       *value);
  }
  return fmt::format("the descriptor at {} must hold a {} of {:#x}{}", at, missing.level == 3 ? "page" : "block", base,
                     missing.level == 3 ? "" : fmt::format(", or a table that leads to {:#x}", place.physical()));
}

// Of code that was entered, as far as a dump tells: a fetch, not a return, from the start of a page.
bool looks_like_entry(const Facts& facts) {
  const std::uint64_t far = *facts.far;
  const bool returned = facts.record && facts.record->x[30] == far;
  return facts.syndrome->instruction && facts.syndrome->same_level && far != 0 && far % kPage == 0 &&
         aarch64::is_canonical(far) && !returned && facts.elr.value_or(far) == far;
}

// Without tables: which entry it was follows from the address and the level, with 4 KiB and 48 bits.
std::optional<RootCause> by_text_alone(const Facts& facts) {
  const bool translation = facts.evidence.at_rest == nullptr && !facts.walk && facts.syndrome && facts.far &&
                           facts.syndrome->status && facts.syndrome->status->kind == FaultKind::kTranslation;
  if (!translation || !looks_like_entry(facts)) return std::nullopt;
  const int level = facts.syndrome->status->level.value_or(-1);
  if (level < 0 || level > 3) return std::nullopt;
  const auto place = find_in_files(facts, *facts.far, facts.taken_from);
  if (!facts.evidence.files.empty() && (!place || !place->executable())) return std::nullopt;
  const bool upper = *facts.far >> 63 != 0;
  const auto index = (*facts.far >> (39 - 9 * level)) & 511;
  const std::string where = place ? fmt::format(", where {} has its code", place->file_name()) : "";
  const std::string table = fmt::format("the {} level {} table ({}TTBR{}_EL{})", upper ? "upper" : "lower", level,
                                        level == 0 ? "" : "below ", upper ? 1 : 0, facts.taken_to);
  return RootCause{"table-entry-missing",
                   fmt::format("{} has no valid entry [{:#x}] for {:#x}{}: what is entered there is not mapped", table,
                               index, *facts.far, where),
                   fmt::format("the descriptor at offset {:#x} of that table must lead to {}", index * 8,
                               place && place->tells_physical() ? fmt::format("{:#x}", place->physical())
                                                                : std::string("the memory that holds the code"))};
}

}  // namespace

std::optional<RootCause> table_entry_missing(const Facts& facts) {
  if (!facts.walk) return by_text_alone(facts);
  if (!walk_confirms(facts, FaultKind::kTranslation) || facts.walk->steps.empty()) return std::nullopt;
  // Several tables could be linked: which was meant is not known, and that one of them was is likelier than this.
  if (!facts.links.empty()) return std::nullopt;
  const WalkStep& missing = facts.walk->steps.back();
  const auto place = find_in_files(facts, *facts.far, facts.taken_from);
  if (!place || !file_allows(*place, facts.access.kind) || missing.stage != facts.walk->fault->stage) {
    return std::nullopt;
  }
  return RootCause{"table-entry-missing",
                   fmt::format("the level {} table at {} has no entry [{:#x}] for {:#x}, where {} has its {}",
                               missing.level, with_symbol(facts, missing.address - std::uint64_t{missing.index} * 8),
                               missing.index, *facts.far, place->file_name(), place->what()),
                   change_of(facts, missing, *place)};
}

}  // namespace bootrig
