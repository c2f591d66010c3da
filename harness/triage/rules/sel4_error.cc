#include <fmt/format.h>

#include "triage/rules/rules.h"

namespace bootrig {

// libmicrokit ends a domain by a write to the address of the error's number; the write is in a function of its own.
std::optional<RootCause> sel4_error(const Facts& facts) {
  if (!facts.record || !facts.elr) return std::nullopt;
  const auto error = facts.record->extra.find("sel4-error");
  if (error == facts.record->extra.end() || !code_name(facts, *facts.elr).starts_with("microkit_")) return std::nullopt;
  return RootCause{"sel4-error",
                   fmt::format("{} ended itself at {}: seL4 answered a system call with error {}", code_at_fault(facts),
                               code_symbol(facts, *facts.elr), error->second),
                   "find the call in the caller of that function: the link register and the stack name it"};
}

}  // namespace bootrig
