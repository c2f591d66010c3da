#include "base/statistics.h"

#include <algorithm>
#include <cmath>

namespace bootrig {
namespace {

// Within how many standard deviations a normal variable lies with this probability.
double deviations(double confidence) {
  double low = 0, high = 40;
  for (int i = 0; i < 64; ++i) {
    const double middle = (low + high) / 2;
    (std::erf(middle / std::sqrt(2.0)) < confidence ? low : high) = middle;
  }
  return high;
}

}  // namespace

Interval wilson_interval(std::size_t successes, std::size_t trials, double confidence) {
  if (trials == 0) return {};
  const auto n = static_cast<double>(trials);
  const double z = deviations(confidence), z2 = z * z;
  const double p = static_cast<double>(successes) / n;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // Exact at the ends, where rounding would leave a hair.
  return {successes == 0 ? 0 : std::max(0.0, centre - half), successes == trials ? 1 : std::min(1.0, centre + half)};
}

}  // namespace bootrig
