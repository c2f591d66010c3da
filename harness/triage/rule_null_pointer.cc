#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kNullPage = 4096;  // a pointer to a member of a null structure is near 0 as well

}  // namespace

std::optional<RootCause> null_pointer(const Facts& facts) {
  const bool translation = facts.syndrome && facts.syndrome->abort && facts.syndrome->status &&
                           facts.syndrome->status->kind == aarch64::FaultKind::kTranslation;
  if (!translation || facts.taken_from != 0 || !facts.far || *facts.far >= kNullPage) return std::nullopt;
  const std::string at = code_symbol(facts, facts.elr.value_or(0));
  if (facts.syndrome->instruction) {
    return RootCause{"null-call", fmt::format("user code called address {:#x}", *facts.far),
                     "find the function pointer that was never set; the link register names its caller"};
  }
  return RootCause{"null-pointer",
                   fmt::format("user code at {} {} address {:#x}, which no table maps", at,
                               facts.syndrome->write ? "writes to" : "reads from", *facts.far),
                   fmt::format("the pointer used at {} must be set before", at)};
}

}  // namespace bootrig
