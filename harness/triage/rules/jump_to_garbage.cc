// Jumps to addresses that no code is at, told apart by the link register.
#include <fmt/format.h>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

// A fetch from where neither a symbol nor a file has anything.
bool fetched_from_nowhere(const Facts& facts) {
  constexpr unsigned kPcAlignment = 0x22;  // ESR_ELx.EC
  const bool fetch =
      facts.syndrome && ((facts.syndrome->abort && facts.syndrome->instruction) || facts.syndrome->ec == kPcAlignment);
  if (!fetch || !facts.elr || !facts.record || facts.evidence.symbols == nullptr) return false;
  if (facts.evidence.symbols->symbols().empty() && facts.evidence.files.empty()) return false;
  return facts.links.empty() && code_name(facts, *facts.elr).empty() && !any_file_has(facts, *facts.elr);
}

// A loader calls what it unpacked, and that need not be among the files: of those, one more than the booted image must be
// known, or the address be none that code can have.
bool cannot_be_code(const Facts& facts) {
  return facts.evidence.files.size() > 1 || !aarch64::is_canonical(*facts.elr) || *facts.elr % 4 != 0;
}

}  // namespace

// The evidence of a return: the link register still holds the address that was jumped to.
std::optional<RootCause> jump_to_garbage(const Facts& facts) {
  if (!fetched_from_nowhere(facts) || facts.record->x[30] != facts.elr) return std::nullopt;
  return RootCause{
      "return-to-garbage",
      fmt::format("a return went to {:#x}, where no code is: the link register holds the same value", *facts.elr),
      "look for a function that takes more, or less, off the stack than it put there, or writes over its "
      "frame"};
}

// The evidence of a call: the instruction before the one to return to is a BLR by the register with that address.
std::optional<RootCause> call_to_garbage(const Facts& facts) {
  constexpr std::uint32_t kBlr = 0xd63f0000, kBlrMask = 0xfffffc1f;  // DDI 0487, BLR: Rn in [9:5]
  if (!fetched_from_nowhere(facts) || !facts.record->x[30] || !cannot_be_code(facts)) return std::nullopt;
  const std::uint64_t call = *facts.record->x[30] - 4;
  const auto instruction = instruction_at(facts, call);
  if (!instruction || (*instruction & kBlrMask) != kBlr) return std::nullopt;
  const unsigned target = (*instruction >> 5) & 31;
  if (target >= 30 || facts.record->x[target] != facts.elr) return std::nullopt;
  return RootCause{"call-to-garbage",
                   fmt::format("{} calls through a function pointer in x{}, which holds {:#x}, where no code is",
                               code_symbol(facts, call), target, *facts.elr),
                   fmt::format("find what sets the pointer that is called at {}", code_symbol(facts, call))};
}

}  // namespace bootrig
