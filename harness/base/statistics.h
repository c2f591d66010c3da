// Statistics of things that happen or do not: pure functions.
#pragma once

#include <cstddef>

namespace bootrig {

struct Interval {
  double low = 0, high = 1;
};

// The Wilson score interval of a proportion (E. B. Wilson, JASA 22, 1927, p. 209): unlike the normal one it is right for
// few trials and for rates near 0 and 1. Of no trials: 0 to 1. `confidence` is above 0 and below 1.
Interval wilson_interval(std::size_t successes, std::size_t trials, double confidence = 0.95);

}  // namespace bootrig
