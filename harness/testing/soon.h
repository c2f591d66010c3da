// A deadline that only a hang reaches, for tests of real processes.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace bootrig {

inline Deadline soon() {
  return Deadline::after(SteadyClock().now(), std::chrono::seconds(60));
}

}  // namespace bootrig
