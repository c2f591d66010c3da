// Activity: what each CPU of a machine does that no exception explains, told from several looks at it, some
// milliseconds apart, and from the code around its PC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "triage/facts.h"

namespace bootrig {

// Instructions in a row of which the last jumps back to the first.
struct Loop {
  std::uint64_t first = 0;  // virtual address of the first instruction
  std::vector<std::uint32_t> code;
  std::uint64_t last() const { return first + 4 * (code.size() - 1); }
};

enum class Doing {
  kUnknown,
  kOff,    // never turned on: nothing can be fetched at its PC, and it does not move
  kUser,   // at EL0
  kMoves,  // not in one place, or its registers change
  kIdle,   // waits in wfi or wfe, and takes interrupts
  kHalted,  // waits in wfi or wfe, with IRQs masked each time that it was looked at and no code in the loop to unmask them
  kSpins,  // goes round a loop that neither waits nor changes a register
};

struct Activity {
  Doing doing = Doing::kUnknown;
  std::optional<Loop> loop;
};

// The CPU with this place in facts.cpus; kUnknown unless the machine was looked at more than once.
Activity activity_of(const Facts& facts, std::size_t cpu);

// Timers whose condition is met and whose interrupt is not masked at the timer: "the EL1 virtual timer". (DDI 0487,
// CNTV_CTL_EL0, CNTP_CTL_EL0, CNTHP_CTL_EL2: ENABLE, IMASK, ISTATUS.)
std::vector<std::string> due_timers(const CpuState& cpu);

// The physical address that a loop reads. None: it reads nothing, or it cannot be told.
std::optional<std::uint64_t> polled_address(const Facts& facts, std::size_t cpu, const Loop& loop);

// What a loop reads: "pl011 at 0x9000018", "memory at 0x40002000 <taken>". None: it reads nothing, or it cannot be told.
std::optional<std::string> polled_by(const Facts& facts, std::size_t cpu, const Loop& loop);

// One line on each CPU that is on, with what is known of it; none when the machine was looked at once.
std::vector<std::string> activity_lines(const Facts& facts);

}  // namespace bootrig
