// Time as an argument. Code that waits takes a Clock and a Deadline; tests pass a ManualClock (testing/) and never sleep.
#pragma once

#include <algorithm>
#include <chrono>

namespace bootrig {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// A monotonic clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

// A point in time until which something may go on. Default: never.
struct Deadline {
  TimePoint at = TimePoint::max();

  static Deadline never() { return {}; }
  static Deadline after(TimePoint now, Duration duration) {
    return duration >= TimePoint::max() - now ? Deadline{} : Deadline{now + duration};
  }
  bool passed(TimePoint now) const { return now >= at; }
  bool is_never() const { return at == TimePoint::max(); }
  // Zero when passed.
  Duration remaining(TimePoint now) const { return std::max(Duration::zero(), at - now); }
};
inline Deadline earlier(Deadline a, Deadline b) {
  return a.at < b.at ? a : b;
}

inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace bootrig
