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
// An access to a physical address at which this machine has nothing.
std::optional<RootCause> nothing_at_address(const Facts& facts);
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
// A return to an address that no code is at.
std::optional<RootCause> jump_to_garbage(const Facts& facts);
// A call through a function pointer, to an address that no code is at.
std::optional<RootCause> call_to_garbage(const Facts& facts);

// The first rule that names a cause.
std::optional<RootCause> find_root_cause(const Facts& facts);

}  // namespace bootrig
