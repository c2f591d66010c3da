// A machine kept for a debugger, after its verdict.
#pragma once

#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "machine/machine.h"

namespace bootrig {

// Pauses the machine, prints the command by which gdb attaches to it, and waits until the interrupt is raised, standard
// input ends or the machine does. What the guest says meanwhile, if the debugger lets it go on, is printed. The machine
// is the caller's to stop.
Result<void> keep_machine(Machine& machine, const std::vector<std::filesystem::path>& symbols, const Clock& clock,
                          const Interrupt& interrupt);

}  // namespace bootrig
