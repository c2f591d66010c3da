// Breakpoints of a machine: the guest runs until a CPU is about to execute one of some virtual addresses, and stands
// there. Had from Machine::break_at(); the real one is GdbBreakpoints, over QEMU's gdbstub. What to look at there is
// left to Machine::inspect().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace bootrig {

class GdbStub;

// How a guest that was let go came to a stop.
struct GdbStop {
  bool trap = true;  // at a breakpoint, or behind a step (SIGTRAP); false: it ended, or somebody stopped it
  unsigned cpu = 0;
};

struct BreakStop {
  enum class Why {
    kBreakpoint,
    kGuestStopped,    // it ended by itself: it does not go on
    kDeadlinePassed,  // the guest is stopped, and can go on
  };
  Why why = Why::kBreakpoint;
  unsigned cpu = 0;
  std::uint64_t pc = 0;
  std::uint32_t pstate = 0;  // laid out as SPSR_ELx
  // ESR, FAR, ELR and SPSR of all levels that the machine has, by name ("ESR_EL2").
  std::map<std::string, std::uint64_t> system;
};

// Must not outlive its machine.
class Breakpoints {
 public:
  virtual ~Breakpoints() = default;
  // Lets the guest go on, from where it stands, until the next stop or the deadline. An instruction at which it was
  // stopped is executed first. An error: the machine has ended, or makes no sense.
  virtual Result<BreakStop> next(Deadline deadline) = 0;
};

class GdbBreakpoints final : public Breakpoints {
 public:
  // Lets the guest go on, one CPU by one instruction or all of them, until it stops. None: the deadline has passed, and
  // the guest is stopped.
  using GoOn = std::function<Result<std::optional<GdbStop>>(std::optional<unsigned> step, Deadline deadline)>;

  // `time`: for the stub's answers while the guest stands, each time.
  GdbBreakpoints(GdbStub& stub, GoOn go_on, const Clock& clock, Duration time)
      : stub_(stub), go_on_(std::move(go_on)), clock_(clock), time_(time) {}

  // Before all else. Every CPU stops there, at whatever level.
  Result<void> insert(const std::vector<std::uint64_t>& addresses);

  Result<BreakStop> next(Deadline deadline) override;

 private:
  GdbStub& stub_;
  GoOn go_on_;
  const Clock& clock_;
  Duration time_;
  std::optional<unsigned> at_;  // the CPU that stands at a breakpoint
};

}  // namespace bootrig
