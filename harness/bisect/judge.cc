#include "bisect/judge.h"

#include <algorithm>
#include <cmath>

#include "base/statistics.h"

namespace bootrig {
namespace {

// A rate as a guess that is never 0 or 1: half a failure and half a pass more than were seen.
double rate_of(const BootCounts& counts) {
  return (counts.failed + 0.5) / (counts.boots + 1.0);
}

// Of those that would decide if all went one way; a revision that is between the two would go on for ever.
constexpr unsigned kPatience = 20;

}  // namespace

bool told_apart(const BootCounts& good, const BootCounts& bad, double confidence) {
  return wilson_interval(good.failed, good.boots, confidence).high <
         wilson_interval(bad.failed, bad.boots, confidence).low;
}

SequentialTest::SequentialTest(const BootCounts& good, const BootCounts& bad, double error)
    : per_failure_(std::log(rate_of(bad) / rate_of(good))),
      per_pass_(std::log((1 - rate_of(bad)) / (1 - rate_of(good)))),
      bound_(std::log((1 - error) / error)) {}

double SequentialTest::balance(const BootCounts& counts) const {
  return counts.failed * per_failure_ + (counts.boots - counts.failed) * per_pass_;
}

Likeness SequentialTest::decide(const BootCounts& counts) const {
  const double now = balance(counts);
  if (now >= bound_) return Likeness::kBad;
  return now <= -bound_ ? Likeness::kGood : Likeness::kOpen;
}

unsigned SequentialTest::more(const BootCounts& counts) const {
  const double now = balance(counts);
  const double failures = (bound_ - now) / per_failure_, passes = (-bound_ - now) / per_pass_;
  return static_cast<unsigned>(std::max(1.0, std::ceil(std::min(failures, passes))));
}

unsigned SequentialTest::limit() const {
  const double longest = std::max(bound_ / per_failure_, -bound_ / per_pass_);
  return kPatience * static_cast<unsigned>(std::ceil(longest));
}

}  // namespace bootrig
