// Silence: what the console said last, since when it says nothing, and what the machine at rest tells of exceptions. For
// a boot that ended without a dump, named or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "triage/facts.h"

namespace bootrig {

// Not one byte of text.
bool said_nothing(const Facts& facts);
// The last line with text on it, without blanks around it; empty: said_nothing().
std::string_view last_words(const Facts& facts);
// The transcript ends in the middle of a line.
bool ends_within_a_line(const Facts& facts);

// A CPU as reset has left it: it has never run, nor taken an exception.
bool is_untouched(const CpuState& cpu);
// One of the others than the first that is so, where no code is: nobody has turned it on.
bool is_off(const CpuFacts& cpu);
// All of these bytes are there and 0. `address` is physical.
bool holds_zeroes(const Facts& facts, std::uint64_t address, std::size_t bytes = 16);
// The name of a device at a physical address, when it is a UART: "pl011". Empty: it is none.
std::string uart_at(const Facts& facts, std::uint64_t address);

// "silence: no output at all, for 2s"; none for a boot that had its end, or a dump.
std::vector<std::string> silence_lines(const Facts& facts);
// Of each CPU that has run, a line on the last exception that each level has taken, by its registers.
std::vector<std::string> last_exception_lines(const Facts& facts);

}  // namespace bootrig
