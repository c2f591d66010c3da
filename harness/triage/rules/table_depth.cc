#include <fmt/format.h>

#include "aarch64/translation.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

using aarch64::Regime;
using aarch64::TranslationRegisters;

// DDI 0487, TCR_ELx: T0SZ is bits 5:0, T1SZ bits 21:16. Without FEAT_TTST and FEAT_LPA2 sizes are 16 to 39.
constexpr unsigned kSizeBits = 6, kUpperSizeAt = 16, kLeastSize = 16, kMostSize = 39;

TranslationRegisters with_size(TranslationRegisters registers, bool upper, unsigned size) {
  const unsigned at = upper ? kUpperSizeAt : 0;
  const std::uint64_t mask = ((std::uint64_t{1} << kSizeBits) - 1) << at;
  registers.tcr = (registers.tcr & ~mask) | std::uint64_t{size} << at;
  return registers;
}

// Where the tables lead to, read from another level on. None: not to what the file has there.
std::optional<std::uint64_t> reached_with(const Facts& facts, const TranslationRegisters& registers,
                                          const FilePlace& place) {
  const auto reached = aarch64::walk(registers, facts.regime, *facts.far, facts.access, *facts.memory).address;
  const bool same = reached && compare_with_memory(facts, place, *reached) == Likeness::kSame;
  return same ? reached : std::nullopt;
}

}  // namespace

// The tables are sound, for another size of the address space: read so, they lead to memory that holds what belongs
// there, and as TCR has it they lead to nothing.
std::optional<RootCause> wrong_table_depth(const Facts& facts) {
  const bool faulted = facts.walk && facts.walk->fault && facts.walk->fault->stage == 1 && facts.registers && facts.far;
  const bool known = faulted && (facts.suspect != nullptr || walk_confirms(facts, aarch64::FaultKind::kTranslation));
  if (!known || facts.memory == nullptr || facts.walk->fault->status.kind != aarch64::FaultKind::kTranslation) {
    return std::nullopt;
  }
  const auto place = find_in_files(facts, *facts.far, facts.taken_from);
  const auto scheme = aarch64::stage1_scheme(*facts.registers, facts.regime, *facts.far, facts.access);
  if (!place || !scheme) return std::nullopt;
  const auto control = aarch64::stage1_control(*facts.registers, facts.regime, *facts.far);
  for (unsigned size = kLeastSize; size <= kMostSize; ++size) {
    const TranslationRegisters other = with_size(*facts.registers, control.upper, size);
    const auto read = aarch64::stage1_scheme(other, facts.regime, *facts.far, facts.access);
    if (!read || read->start_level == scheme->start_level) continue;
    const auto reached = reached_with(facts, other, *place);
    if (!reached) continue;
    const std::string field = fmt::format("TCR_{}.T{}SZ", control.level, control.upper ? 1 : 0);
    return RootCause{
        "wrong-table-depth",
        fmt::format("{} is {}: the walk begins at level {}, but the tables at {} begin at level {}; read so, "
                    "they lead {:#x} to {:#x}, where memory holds what {} has",
                    field, control.size, scheme->start_level, with_symbol(facts, scheme->table), read->start_level,
                    *facts.far, *reached, place->file_name()),
        fmt::format("{} must be {}, or the tables must be built for {} bits", field, size, 64 - control.size)};
  }
  return std::nullopt;
}

}  // namespace bootrig
