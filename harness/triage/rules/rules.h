// The rules that name a root cause: one .cc each, one row each in the table of rules.cc. A rule reads facts and names
// its cause only when they carry it; a wrong cause is worse than none.
#pragma once

#include <optional>

#include "triage/facts.h"

namespace bootrig {

// A table that the walk needs is there, filled, and nothing points to it.
std::optional<RootCause> table_not_linked(const Facts& facts);
// PSCI or another call by smc or hvc where that instruction is undefined.
std::optional<RootCause> undefined_call(const Facts& facts);
// The image, or a part of it, is loaded to where there is no memory.
std::optional<RootCause> image_outside_ram(const Facts& facts);
// A part of the image that its loader copies goes to where there is no memory.
std::optional<RootCause> part_outside_ram(const Facts& facts);
// TCR says another depth than the tables have.
std::optional<RootCause> wrong_table_depth(const Facts& facts);
// An exception goes to a level whose vectors nobody has set. The second waits until what the exception must have been
// is explained by no other rule.
std::optional<RootCause> vectors_not_set(const Facts& facts);
std::optional<RootCause> vectors_not_set_and_no_more(const Facts& facts);
// The vectors that were set raise exceptions themselves.
std::optional<RootCause> vector_recursion(const Facts& facts);
// A system instruction that is defined at a higher level only.
std::optional<RootCause> image_for_higher_level(const Facts& facts);
// A program for EL2, which its loader enters, or tries to, at EL1.
std::optional<RootCause> hypervisor_program(const Facts& facts);
// A program for EL1, which its loader enters at EL2.
std::optional<RootCause> kernel_program_at_el2(const Facts& facts);
// Start code that looks which level it is at, and gives up below the one that it wants.
std::optional<RootCause> level_refused(const Facts& facts);
// A GIC's registers that this machine does not have, and with the other GIC would.
std::optional<RootCause> image_for_gic(const Facts& facts);
// Access to floating-point, SVE or SME registers is trapped.
std::optional<RootCause> floating_point_trapped(const Facts& facts);
// An instruction of an extension that this CPU does not have.
std::optional<RootCause> cpu_lacks_feature(const Facts& facts);
// Memory does not hold the code that the file has where it was executed.
std::optional<RootCause> code_overwritten(const Facts& facts);
// An access behind the end of RAM.
std::optional<RootCause> memory_beyond_ram(const Facts& facts);
// The physical address of a data access at which this machine has nothing.
std::optional<std::uint64_t> access_to_nothing(const Facts& facts);
// It, when no other rule knows more.
std::optional<RootCause> nothing_at_address(const Facts& facts);
// A device is there, and KVM is not told what the instruction does with it.
std::optional<RootCause> kvm_cannot_emulate(const Facts& facts);
// An address is mapped, but to other memory than that which holds what belongs there.
std::optional<RootCause> wrong_output_address(const Facts& facts);
// A descriptor leads to the right memory and forbids what must be allowed: the access flag is clear, code is not
// executable, data is read-only, memory is mapped as a device. Named for what a file of what runs has there alone.
std::optional<RootCause> access_flag_clear(const Facts& facts);
std::optional<RootCause> execute_never(const Facts& facts);
std::optional<RootCause> read_only_mapping(const Facts& facts);
std::optional<RootCause> device_memory(const Facts& facts);
// A table has no entry for an address at which a file of what runs has something.
std::optional<RootCause> table_entry_missing(const Facts& facts);
// A protection domain ended itself over an error of seL4's.
std::optional<RootCause> sel4_error(const Facts& facts);
// The stack has grown out of its memory.
std::optional<RootCause> stack_overflow(const Facts& facts);
// Code that goes through a null pointer.
std::optional<RootCause> null_pointer(const Facts& facts);
// Data is accessed at an address that nothing is at, and that nothing says should be there.
std::optional<RootCause> wild_pointer(const Facts& facts);
// Data is accessed at the physical address of a device, and no table maps it.
std::optional<RootCause> device_not_mapped(const Facts& facts);
// The device tree is read at its physical address, and no table maps it.
std::optional<RootCause> device_tree_not_mapped(const Facts& facts);
// User code writes to what it may only read.
std::optional<RootCause> user_write_refused(const Facts& facts);
// User code executes a system instruction that is trapped.
std::optional<RootCause> register_trapped(const Facts& facts);
// A return to an address that no code is at.
std::optional<RootCause> return_to_garbage(const Facts& facts);
// A call through a function pointer, to an address that no code is at.
std::optional<RootCause> call_to_garbage(const Facts& facts);
// The CPU was sent to what no address of code can be, and nothing tells by whom.
std::optional<RootCause> jump_to_garbage(const Facts& facts);
// A program says that an assertion of its own does not hold.
std::optional<RootCause> assertion_failed(const Facts& facts);
// A program says why it cannot go on, and ends itself.
std::optional<RootCause> gave_up(const Facts& facts);
// CPUs wait for each other: each for memory that none is left to change.
std::optional<RootCause> cpu_deadlock(const Facts& facts);
// A CPU goes round a loop that nothing ends.
std::optional<RootCause> hang(const Facts& facts);
// Every CPU waits for an interrupt that is due and never taken.
std::optional<RootCause> deadlock_in_wfi(const Facts& facts);
// A program came to rest without a word of its own on the console.
std::optional<RootCause> mute_kernel(const Facts& facts);
// An archive in the image is cut off, and the guest complained.
std::optional<RootCause> truncated_archive(const Facts& facts);
// A device tree that the guest cannot use: it got none, it is overwritten, larger than what is taken, damaged.
std::optional<RootCause> device_tree_not_given(const Facts& facts);
std::optional<RootCause> device_tree_overwritten(const Facts& facts);
std::optional<RootCause> device_tree_too_large(const Facts& facts);
std::optional<RootCause> damaged_device_tree(const Facts& facts);
// A device tree that says of the machine what is not so.
std::optional<RootCause> device_tree_mismatch(const Facts& facts);
// An initial ramdisk that the guest cannot use: damaged, overwritten, of an unknown compression.
std::optional<RootCause> damaged_initrd(const Facts& facts);
std::optional<RootCause> initrd_overwritten(const Facts& facts);
std::optional<RootCause> initrd_compression(const Facts& facts);
// A program in the image that its loader cannot read.
std::optional<RootCause> damaged_program(const Facts& facts);
// The console says the same without end.
std::optional<RootCause> endless_output(const Facts& facts);

// The console begins again and again with its first lines.
std::optional<RootCause> reset_loop(const Facts& facts);

// The first rule that names a cause.
std::optional<RootCause> find_root_cause(const Facts& facts);

}  // namespace bootrig
