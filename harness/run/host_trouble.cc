#include "run/host_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "run/verdict.h"

namespace bootrig {
namespace {

// Of its wall time: less is what any host takes now and then.
constexpr double kStarvedShare = 0.25;
// Of the host's memory: with so much left the kernel has no need to kill anybody.
constexpr double kMemoryShort = 0.05;

bool is_short(const HostState& state) {
  return state.memory_available && state.memory_total &&
         static_cast<double>(*state.memory_available) < kMemoryShort * static_cast<double>(*state.memory_total);
}

std::string memory_text(const HostState& state) {
  if (!state.memory_available || !state.memory_total) return "";
  return fmt::format("{} of {} MiB of the host's memory are free", *state.memory_available >> 20,
                     *state.memory_total >> 20);
}

// A kill leaves no trace in the process itself; the kernel counts those of its OOM killer.
std::string who_killed(const Outcome& outcome) {
  if (!outcome.host_before || !outcome.host_after) return "; nobody of this run sent it";
  const HostState &before = *outcome.host_before, &after = *outcome.host_after;
  const bool counted = before.oom_kills && after.oom_kills && *after.oom_kills > *before.oom_kills;
  const std::string memory = memory_text(after);
  if (counted) {
    return fmt::format("; likely the kernel's OOM killer: it has killed {} process{} on this host since power-on{}{}",
                       *after.oom_kills - *before.oom_kills, *after.oom_kills - *before.oom_kills == 1 ? "" : "es",
                       memory.empty() ? "" : ", ", memory);
  }
  if (is_short(after)) return fmt::format("; likely for want of memory: {}", memory);
  return fmt::format("; nobody of this run sent it{}{}", memory.empty() ? "" : ", and ", memory);
}

bool lacks_memory(std::string_view errors) {
  return errors.contains("cannot set up guest memory") || errors.contains("Cannot allocate memory");
}

// The guest's memory, as QEMU was asked for it ("-m 1024M"); 0: unknown.
std::uint64_t guest_memory(const Outcome& outcome) {
  const std::vector<std::string>& argv = outcome.machine.argv;
  const auto option = std::ranges::find(argv, "-m");
  return option == argv.end() || option + 1 == argv.end() ? 0 : parse_size(*(option + 1)).value_or(0);
}

std::string why_no_memory(const Outcome& outcome) {
  const std::string memory = outcome.host_after ? memory_text(*outcome.host_after) : "";
  const std::uint64_t asked = guest_memory(outcome);
  if (!memory.empty() && asked > 0 && asked < *outcome.host_after->memory_available) {
    return fmt::format(
        "; the guest's {} MiB are refused although {}: a limit stands in the way (ulimit -v, a cgroup's "
        "memory.max)",
        asked >> 20, memory);
  }
  return fmt::format("; the host has no memory for this guest{}{}: fewer at a time (--jobs), or a smaller target",
                     memory.empty() ? "" : ": ", memory);
}

// QEMU's own complaint, or that of the libraries under it.
std::string what_it_said(const Outcome& outcome) {
  const std::string_view errors = outcome.machine.errors;
  if (lacks_memory(errors)) return why_no_memory(outcome);
  if (errors.contains("Assertion `") || errors.contains("assertion failed") ||
      errors.contains("code should not be reached"))
    return "; an assertion of QEMU's own does not hold: a defect of this QEMU, whatever the guest did";
  return "";
}

}  // namespace

bool is_the_hosts_doing(const Outcome& outcome) {
  return lacks_memory(outcome.machine.errors) || outcome.exit_status.starts_with("signal 9 ");
}

std::string why_it_ended(const Outcome& outcome) {
  if (auto said = what_it_said(outcome); !said.empty()) return said;
  const std::string_view status = outcome.exit_status;
  if (status.starts_with("signal 9 ")) return who_killed(outcome);
  if (status.starts_with("signal 7 ")) return "; a bus error: the file or the huge pages behind its memory ran short";
  if (status.starts_with("signal 11 ") || status.starts_with("signal 6 ") || status.starts_with("signal 4 "))
    return "; QEMU crashed: a defect of this QEMU, whatever the guest did";
  if (status.starts_with("signal ")) return "; somebody else sent it";
  return "";
}

std::string load_behind(const Outcome& outcome) {
  const std::string load = outcome.host_after ? load_text(*outcome.host_after) : "";
  return load.empty() ? "" : fmt::format(" ({})", load);
}

std::string why_it_was_slow(const Outcome& outcome) {
  const double wall = to_seconds(outcome.wall), starved = to_seconds(outcome.starved);
  if (wall <= 0 || starved < kStarvedShare * wall) return "";
  const double used = to_seconds(outcome.machine.cpu_time);
  const std::string got = used > 0 ? fmt::format("QEMU got {:.1f} s of CPU in {:.1f} s and waited", used, wall)
                                   : fmt::format("of {:.1f} s QEMU waited", wall);
  return fmt::format("; {} {:.1f} s for a processor, which the limit does not count: the host was busy{}", got, starved,
                     load_behind(outcome));
}

}  // namespace bootrig
