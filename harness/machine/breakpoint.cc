#include "machine/breakpoint.h"

#include <fmt/format.h>

#include "machine/gdb_stub.h"

namespace bootrig {
namespace {

// Of an exception, at each level.
constexpr const char* kOfException[] = {"ESR", "FAR", "ELR", "SPSR"};

std::vector<std::string> names_at_stop() {
  std::vector<std::string> names{"pc", "cpsr"};
  for (unsigned level = 1; level <= 3; ++level) {
    for (const char* name : kOfException) names.push_back(fmt::format("{}_EL{}", name, level));
  }
  return names;
}

}  // namespace

Result<void> GdbBreakpoints::insert(const std::vector<std::uint64_t>& addresses) {
  const Deadline deadline = Deadline::after(clock_.now(), time_);
  for (const std::uint64_t address : addresses) BOOTRIG_TRY_VOID(stub_.insert_breakpoint(address, deadline));
  return {};
}

Result<BreakStop> GdbBreakpoints::next(Deadline deadline) {
  std::optional<GdbStop> stop;
  if (at_) {
    // A step passes over the breakpoint, "continue" would stay there. Where the instruction faults itself, the CPU may
    // stand at a breakpoint again: "continue" finds that out.
    BOOTRIG_TRY(stop, go_on_(at_, deadline));
    if (!stop) return BreakStop{.why = BreakStop::Why::kDeadlinePassed};
    at_.reset();
    if (!stop->trap) return BreakStop{.why = BreakStop::Why::kGuestStopped};
  }
  BOOTRIG_TRY(stop, go_on_(std::nullopt, deadline));
  if (!stop) return BreakStop{.why = BreakStop::Why::kDeadlinePassed};
  if (!stop->trap) return BreakStop{.why = BreakStop::Why::kGuestStopped};
  at_ = stop->cpu;
  BreakStop at{.cpu = stop->cpu};
  BOOTRIG_TRY(at.system, stub_.registers(stop->cpu, names_at_stop(), Deadline::after(clock_.now(), time_)));
  at.pc = at.system.extract("pc").mapped();
  at.pstate = static_cast<std::uint32_t>(at.system.extract("cpsr").mapped());
  return at;
}

}  // namespace bootrig
