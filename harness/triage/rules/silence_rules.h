// Rules about boots that say nothing, or nothing more, asked as those of rules.h are.
#pragma once

#include <optional>

#include "triage/facts.h"

namespace bootrig {

// The first CPU was started where memory is empty, and has executed nothing.
std::optional<RootCause> never_started(const Facts& facts);
// The console's last words tell where the program jumps to, and no code is there.
std::optional<RootCause> lost_behind_jump(const Facts& facts);
// A program was sent into memory that is empty.
std::optional<RootCause> runs_in_zeroes(const Facts& facts);
// Before the first word, an access to where another board has its UART and this machine has nothing.
std::optional<RootCause> wrong_uart(const Facts& facts);
// Before the first word, a wait for a flag of the UART.
std::optional<RootCause> console_not_ready(const Facts& facts);
// At a prompt that nobody answers.
std::optional<RootCause> waits_for_input(const Facts& facts);
// The guest ended itself before its first word.
std::optional<RootCause> silent_end(const Facts& facts);
// A CPU other than the first is waited for, and is off, parked or lost, or this machine does not have it.
std::optional<RootCause> secondary_cpu_missing(const Facts& facts);
// The same as a finding: the console told it, and the boot went on.
std::optional<std::string> missing_cpu_line(const Facts& facts);

}  // namespace bootrig
