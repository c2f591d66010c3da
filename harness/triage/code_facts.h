// What a person wants to see of the code that facts are about: the instructions around the one at fault, and who called
// it. Code is taken from the files of what runs where they have it, because tables and memory may be what is broken.
#pragma once

#include "triage/facts.h"

namespace bootrig {

// Fills `code` and `backtrace`. Of an exception: around ELR, and from the registers that the dump prints; the CPU's own
// are the handler's by then. Of a machine without one: around each CPU's PC (the first four), from the first's registers.
void add_code(const Facts& facts, Diagnosis& diagnosis);

}  // namespace bootrig
