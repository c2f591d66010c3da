#include "triage/rules/rules.h"

#include "base/check.h"
#include "spec/root_causes.h"
#include "triage/dump_check.h"
#include "triage/rules/console_rules.h"
#include "triage/rules/silence_rules.h"

namespace bootrig {
namespace {

using Rule = std::optional<RootCause> (*)(const Facts&);
// In the order of what they can be sure of, one a line.
// clang-format off
constexpr Rule kRules[] = {
    assertion_failed,
    wrong_console,
    image_outside_ram,
    device_tree_mismatch,
    device_tree_overwritten,
    device_tree_not_given,
    device_tree_too_large,
    damaged_device_tree,
    initrd_compression,
    damaged_initrd,
    initrd_overwritten,
    damaged_program,
    hypervisor_program,
    kernel_program_at_el2,
    wrong_table_depth,
    table_not_linked,
    part_outside_ram,
    never_started,
    lost_behind_jump,
    wrong_uart,
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
    runs_in_zeroes,
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
    device_tree_not_mapped,
    user_write_refused,
    register_trapped,
    return_to_garbage,
    call_to_garbage,
    jump_to_garbage,
    level_refused,
    cpu_deadlock,
    secondary_cpu_missing,
    waits_for_input,
    console_not_ready,
    gave_up,
    hang,
    deadlock_in_wfi,
    mute_kernel,
    silent_end,
    truncated_archive,
    endless_output,
    reset_loop,
    dump_contradicts_machine,
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
