#include "triage/rules.h"

namespace bootrig {
namespace {

using Rule = std::optional<RootCause> (*)(const Facts&);
// In the order of what they can be sure of.
constexpr Rule kRules[] = {table_not_linked, undefined_call, nothing_at_address, null_pointer, jump_to_garbage};

}  // namespace

std::optional<RootCause> find_root_cause(const Facts& facts) {
  for (const Rule rule : kRules) {
    if (auto cause = rule(facts)) return cause;
  }
  return std::nullopt;
}

}  // namespace bootrig
