// The statistics of a bisection: is a revision like the good one or like the bad one, when both may fail now and then?
// Pure functions of counts.
#pragma once

namespace bootrig {

struct BootCounts {
  unsigned failed = 0, boots = 0;  // `boots`: those that passed or failed in the way that is looked for
};

// Whether the bad revision fails more often than the good one: the Wilson intervals of their rates have nothing in
// common.
bool told_apart(const BootCounts& good, const BootCounts& bad, double confidence);

enum class Likeness { kGood, kBad, kOpen };

// Wald's sequential probability ratio test (A. Wald, Annals of Mathematical Statistics 16, 1945, p. 117): as few boots as
// the rates of the two ends allow. Wrong with a probability of `error` at most, where the rates are those of the ends.
class SequentialTest {
 public:
  SequentialTest(const BootCounts& good, const BootCounts& bad, double error);
  Likeness decide(const BootCounts& counts) const;
  // So many more boots decide it, if all go one way. At least 1.
  unsigned more(const BootCounts& counts) const;
  // After so many boots the revision is like neither.
  unsigned limit() const;

 private:
  double balance(const BootCounts& counts) const;

  double per_failure_, per_pass_;  // what a boot adds to the balance: above 0, below 0
  double bound_;                   // of the balance, both ways
};

}  // namespace bootrig
