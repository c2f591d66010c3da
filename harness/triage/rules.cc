#include "triage/rules.h"

#include "base/check.h"
#include "spec/root_causes.h"
#include "triage/console_rules.h"

namespace bootrig {
namespace {

using Rule = std::optional<RootCause> (*)(const Facts&);
// In the order of what they can be sure of, one a line.
// clang-format off
constexpr Rule kRules[] = {
    assertion_failed,
    wrong_console,
    image_outside_ram,
    hypervisor_program,
    kernel_program_at_el2,
    wrong_table_depth,
    table_not_linked,
    part_outside_ram,
    vectors_not_set,
    undefined_call,
    image_for_higher_level,
    image_for_gic,
    floating_point_trapped,
    cpu_lacks_feature,
    memory_beyond_ram,
    nothing_at_address,
    kvm_cannot_emulate,
    wrong_output_address,
    code_overwritten,
    access_flag_clear,
    execute_never,
    read_only_mapping,
    device_memory,
    table_entry_missing,
    vectors_not_set_and_no_more,
    vector_recursion,
    sel4_error,
    stack_overflow,
    null_pointer,
    wild_pointer,
    device_not_mapped,
    user_write_refused,
    register_trapped,
    jump_to_garbage,
    call_to_garbage,
    level_refused,
    gave_up,
    cpu_deadlock,
    hang,
    deadlock_in_wfi,
    mute_kernel,
    truncated_archive,
    endless_output,
    reset_loop,
};
// clang-format on

}  // namespace

std::optional<RootCause> find_root_cause(const Facts& facts) {
  for (const Rule rule : kRules) {
    auto cause = rule(facts);
    if (!cause) continue;
    CHECK(is_root_cause(cause->name));
    return cause;
  }
  return std::nullopt;
}

}  // namespace bootrig
