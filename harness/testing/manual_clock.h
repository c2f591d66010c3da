// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace bootrig {

class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  void advance(Duration duration) { now_ += duration; }
  void advance_to(TimePoint at) { now_ = std::max(now_, at); }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace bootrig
