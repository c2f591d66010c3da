// What a relay tells bootrig beside the descriptors that it serves: shared memory, so that it is there however the relay
// ends, and costs nothing to look at.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace bootrig {

inline constexpr int kStatusDescriptor = 6;

enum class RelayState : std::uint32_t {
  kConnecting = 0,  // the program over there has not been started yet
  kRunning = 1,
  kEnded = 2,  // exit_code and exit_signal hold
  kLost = 3,   // the host does not answer any more; `trouble` says what was seen
};

struct RelayStatus {
  std::atomic<RelayState> state;
  std::atomic<std::uint64_t> heard_at;    // nanoseconds of CLOCK_MONOTONIC; 0: the relay does not run yet
  std::atomic<std::uint64_t> starved;     // nanoseconds: of the program over there, and until it could be started
  std::atomic<std::uint64_t> cpu_time;    // nanoseconds, once it has ended
  std::atomic<std::int32_t> exit_code;    // or -1
  std::atomic<std::int32_t> exit_signal;  // or 0
  std::array<char, 2048> trouble;         // with a NUL; written before `state`
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace bootrig
