// HostState: what this host says of its own troubles: who wants its processors, how much memory it has left, whom its
// kernel has killed for want of it. A fact of an outcome, so that a machine that died or stood still is not held against
// the guest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace bootrig {

struct HostState {
  unsigned processors = 0;                        // 0: unknown
  std::optional<double> load;                     // of the last minute, in threads (proc(5), loadavg)
  std::optional<double> cpu_pressure;             // percent of the last 10 s in which some task waited for a processor
  std::optional<std::uint64_t> memory_available;  // bytes (proc(5), meminfo, MemAvailable)
  std::optional<std::uint64_t> memory_total;      // bytes
  std::optional<std::uint64_t> oom_kills;         // since the host's boot (proc(5), vmstat, oom_kill)

  bool operator==(const HostState&) const = default;
};

// As far as the files below `proc` tell.
HostState read_host_state(const std::filesystem::path& proc = "/proc");

// "load 9.3 on 2 processors, CPU pressure 71 %"; empty: nothing is known.
std::string load_text(const HostState& state);

}  // namespace bootrig
