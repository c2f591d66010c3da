// Jumps to addresses that no code is at, told apart by the link register.
#include <fmt/format.h>

#include <algorithm>
#include <string>

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
bool is_no_address(std::uint64_t address) {
  return !aarch64::is_canonical(address) || address % 4 != 0;
}
bool cannot_be_code(const Facts& facts) {
  return facts.evidence.files.size() > 1 || is_no_address(*facts.elr);
}

// "; its bytes are the text 'AAAAAAAA'", lowest first, as a string in memory gives them.
std::string as_text(std::uint64_t address) {
  std::string text;
  for (unsigned i = 0; i < 8; ++i) text += static_cast<char>(address >> (8 * i) & 0xff);
  const bool printed = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  return printed ? fmt::format("; its bytes are the text '{}'", text) : "";
}

}  // namespace

// The evidence of a return: the link register still holds the address that was jumped to.
std::optional<RootCause> return_to_garbage(const Facts& facts) {
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

std::optional<RootCause> jump_to_garbage(const Facts& facts) {
  if (!fetched_from_nowhere(facts) || !is_no_address(*facts.elr)) return std::nullopt;
  const auto link = facts.record->x[30];
  return RootCause{
      "jump-to-garbage",
      fmt::format("{} was sent to {:#x}, which no address of code can be{}{}", code_at_fault(facts), *facts.elr,
                  as_text(*facts.elr), link ? "; its link register has " + code_symbol(facts, *link) : ""),
      "find what was taken for an address: a return address that a copy to the stack wrote over, or a function pointer "
      "of memory that was never set, or is in use for something else"};
}

}  // namespace bootrig
