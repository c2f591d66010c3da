#include "triage/rules.h"

namespace bootrig {
namespace {

using Rule = std::optional<RootCause> (*)(const Facts&);
// In the order of what they can be sure of.
constexpr Rule kRules[] = {
    table_not_linked, undefined_call,    nothing_at_address, wrong_output_address, access_flag_clear,
    execute_never,    read_only_mapping, device_memory,      table_entry_missing,  sel4_error,
    stack_overflow,   null_pointer,      wild_pointer,       jump_to_garbage,      call_to_garbage,
};

}  // namespace

std::optional<RootCause> find_root_cause(const Facts& facts) {
  for (const Rule rule : kRules) {
    if (auto cause = rule(facts)) return cause;
  }
  return std::nullopt;
}

}  // namespace bootrig
