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
// User code that goes through a null pointer.
std::optional<RootCause> null_pointer(const Facts& facts);
// A return, or call, to an address that no code is at.
std::optional<RootCause> jump_to_garbage(const Facts& facts);

// The first rule that names a cause.
std::optional<RootCause> find_root_cause(const Facts& facts);

}  // namespace bootrig
