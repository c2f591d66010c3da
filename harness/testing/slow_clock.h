// Real time, ten times slower: for tests that do more at once with a machine than its time limits are made for, on a
// host that has other work.
#pragma once

#include "base/clock.h"

namespace bootrig {

class SlowClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(real_.now().time_since_epoch() / 10); }

 private:
  SteadyClock real_;
};

}  // namespace bootrig
