// TimeLimit: a limit that counts wall time less the time that the machine was starved of a processor, so that a loaded
// host makes no failures and an idle guest still expires. Passive: the session asks it and tells it the time.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace bootrig {

class TimeLimit {
 public:
  TimeLimit() = default;  // never expires
  // `starved`: what Machine::starved() said at `now`, or earlier (then the limit is a little too generous).
  TimeLimit(Duration limit, TimePoint now, Duration starved)
      : limit_(limit), start_(now), starved_at_start_(starved), deadline_(Deadline::after(now, limit)) {}

  // When to ask expired() next.
  Deadline deadline() const { return deadline_; }
  Duration limit() const { return limit_; }

  // True when the limit has been used up. Otherwise moves the deadline by what the host owes.
  bool expired(TimePoint now, Duration starved) {
    if (deadline_.is_never() || !deadline_.passed(now)) return false;
    const Duration used = (now - start_) - std::max(Duration::zero(), starved - starved_at_start_);
    if (used >= limit_) return true;
    deadline_ = Deadline::after(now, limit_ - used);
    return false;
  }

 private:
  Duration limit_{0};
  TimePoint start_{};
  Duration starved_at_start_{0};
  Deadline deadline_;
};

}  // namespace bootrig
