#include "bisect/judge.h"

#include <gtest/gtest.h>

#include <random>

namespace bootrig {
namespace {

TEST(ToldApart, WhereTheIntervalsHaveNothingInCommon) {
  EXPECT_TRUE(told_apart({0, 8}, {8, 8}, 0.99));
  EXPECT_FALSE(told_apart({0, 4}, {4, 4}, 0.99));
  EXPECT_TRUE(told_apart({0, 64}, {16, 64}, 0.99));
  EXPECT_FALSE(told_apart({0, 8}, {2, 8}, 0.99));
  EXPECT_FALSE(told_apart({8, 8}, {0, 8}, 0.99)) << "the wrong way round";
  EXPECT_FALSE(told_apart({0, 0}, {0, 0}, 0.9));
}

TEST(SequentialTest, SureFailuresTakeFewBoots) {
  const SequentialTest test({0, 8}, {8, 8}, 0.002);
  EXPECT_EQ(test.more({}), 3u);
  EXPECT_EQ(test.decide({2, 2}), Likeness::kOpen);
  EXPECT_EQ(test.decide({3, 3}), Likeness::kBad);
  EXPECT_EQ(test.decide({0, 3}), Likeness::kGood);
  EXPECT_EQ(test.decide({2, 4}), Likeness::kOpen);
  EXPECT_EQ(test.more({2, 4}), 3u) << "a pass takes back what a failure gave";
}

TEST(SequentialTest, RareFailuresTakeMany) {
  const SequentialTest test({0, 64}, {16, 64}, 0.002);
  EXPECT_EQ(test.decide({0, 10}), Likeness::kOpen) << "a revision that fails one time in four may pass ten times";
  EXPECT_EQ(test.decide({0, 30}), Likeness::kGood);
  EXPECT_EQ(test.decide({3, 6}), Likeness::kBad);
}

// The promise: of a thousand revisions like one of the ends no more are misjudged than `error` says (with room for luck),
// and each is judged within the limit.
TEST(SequentialTest, KeepsItsError) {
  constexpr double kError = 0.02;
  constexpr unsigned kRevisions = 1000;
  const SequentialTest test({3, 32}, {16, 32}, kError);
  std::mt19937 random(7);
  for (const bool bad : {false, true}) {
    std::bernoulli_distribution fails(bad ? 16.5 / 33 : 3.5 / 33);
    unsigned wrong = 0;
    for (unsigned i = 0; i < kRevisions; ++i) {
      BootCounts counts;
      while (test.decide(counts) == Likeness::kOpen && counts.boots < test.limit()) {
        ++counts.boots;
        counts.failed += fails(random);
      }
      ASSERT_NE(test.decide(counts), Likeness::kOpen);
      wrong += (test.decide(counts) == Likeness::kBad) != bad;
    }
    EXPECT_LE(wrong, 2 * kError * kRevisions) << bad;
  }
}

}  // namespace
}  // namespace bootrig
