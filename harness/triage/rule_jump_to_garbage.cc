#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {

// The evidence of a return: the link register still holds the address that was jumped to.
std::optional<RootCause> jump_to_garbage(const Facts& facts) {
  const bool fetch = facts.syndrome && ((facts.syndrome->abort && facts.syndrome->instruction) ||
                                        facts.syndrome->ec == 0x22);  // PC alignment fault
  if (!fetch || !facts.elr || !facts.record || facts.evidence.symbols == nullptr) return std::nullopt;
  const bool returned = facts.record->x[30] == facts.elr;
  const bool unknown = facts.evidence.symbols->find(*facts.elr) == nullptr;
  if (!returned || !unknown || facts.evidence.symbols->symbols().empty()) return std::nullopt;
  return RootCause{
      "return-to-garbage",
      fmt::format("a return went to {:#x}, where no code is: the link register holds the same value", *facts.elr),
      "look for a function that takes more, or less, off the stack than it put there, or writes over its "
      "frame"};
}

}  // namespace bootrig
