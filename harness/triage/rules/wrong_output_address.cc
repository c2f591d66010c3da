#include <fmt/format.h>

#include "aarch64/translation.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

// What the leaf must hold, so that it leads to `belongs` where it leads to `mapped`. None: its size does not allow it.
std::optional<std::uint64_t> right_value(const Facts& facts, const aarch64::WalkStep& leaf, std::uint64_t mapped,
                                         std::uint64_t belongs) {
  const auto scheme = leaf.stage == 1
                          ? aarch64::stage1_scheme(*facts.registers, facts.regime, *facts.elr,
                                                   {aarch64::Access::Kind::kExecute, facts.taken_from, false})
                          : aarch64::stage2_scheme(*facts.registers, *facts.elr);
  if (!scheme || scheme->wide) return std::nullopt;
  const std::uint64_t within = (std::uint64_t{1} << scheme->offset_bits(leaf.level)) - 1;
  if (((mapped ^ belongs) & within) != 0) return std::nullopt;
  return leaf.descriptor - mapped + belongs;
}

}  // namespace

// The evidence: memory at the address where the file's bytes should be has others, and they do lie where the file says.
std::optional<RootCause> wrong_output_address(const Facts& facts) {
  if (!facts.elr || !facts.code || !facts.code->address || facts.code->steps.empty()) return std::nullopt;
  const aarch64::WalkStep& leaf = facts.code->steps.back();
  if (leaf.stage != facts.code->steps.front().stage) return std::nullopt;
  const auto place = find_in_files(facts, *facts.elr, facts.taken_from);
  if (!place || !place->executable() || !place->tells_physical()) return std::nullopt;
  const std::uint64_t mapped = *facts.code->address, belongs = place->physical();
  if (mapped == belongs || compare_with_memory(facts, *place, mapped) != Likeness::kOther ||
      compare_with_memory(facts, *place, belongs) != Likeness::kSame) {
    return std::nullopt;
  }
  const auto value = right_value(facts, leaf, mapped, belongs);
  return RootCause{
      "wrong-output-address",
      fmt::format("{} is mapped to {:#x}, which does not hold what {} has there; that lies at {:#x}",
                  code_symbol(facts, *facts.elr), mapped, place->file_name(), belongs),
      value ? fmt::format("the descriptor at {} is {:#x} and must be {:#x}", with_symbol(facts, leaf.address),
                          leaf.descriptor, *value)
            : fmt::format("the descriptor at {} is {:#x} and must lead to {:#x}: the two differ below its size, so the "
                          "image must be placed, or linked, otherwise",
                          with_symbol(facts, leaf.address), leaf.descriptor, belongs)};
}

}  // namespace bootrig
