#include <fmt/format.h>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {}  // namespace

std::optional<RootCause> null_pointer(const Facts& facts) {
  const bool translation = facts.syndrome && facts.syndrome->abort && facts.syndrome->status &&
                           facts.syndrome->status->kind == aarch64::FaultKind::kTranslation;
  if (!translation || !facts.far || *facts.far >= kNullPage || any_file_has(facts, *facts.far)) return std::nullopt;
  const std::string who = code_at_fault(facts);
  if (facts.syndrome->instruction) {
    return RootCause{"null-call", fmt::format("{} called address {:#x}", who, *facts.far),
                     "find the function pointer that was never set; the link register names its caller"};
  }
  const std::string at = code_of_exception(facts);
  return RootCause{"null-pointer",
                   fmt::format("{} at {} {} address {:#x}, which no table maps", who, at,
                               facts.syndrome->write ? "writes to" : "reads from", *facts.far),
                   fmt::format("the pointer used at {} must be set before", at)};
}

}  // namespace bootrig
