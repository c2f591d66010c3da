#include "run/shards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace bootrig {
namespace {

using namespace std::chrono_literals;
using Shards = std::vector<unsigned>;

TEST(Shards, OfJobsThatAreAlikeAreDealtOutInTurn) {
  EXPECT_EQ(deal_shards(std::vector<Duration>(7, 1s), 3), (Shards{1, 2, 3, 1, 2, 3, 1}));
}

TEST(Shards, TakeEquallyLong) {
  EXPECT_EQ(deal_shards({1s, 1s, 1s, 3s}, 2), (Shards{2, 2, 2, 1}));
  EXPECT_EQ(deal_shards({7s, 2s, 6s, 3s}, 2), (Shards{1, 1, 2, 2}));
}

TEST(Shards, AreNeverLongerThanGrahamsBound) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    const unsigned shards = 1 + static_cast<unsigned>(random() % 20);
    std::vector<Duration> durations(shards + random() % 300);
    for (Duration& duration : durations) duration = std::chrono::milliseconds(1 + random() % 10'000);
    const Shards dealt = deal_shards(durations, shards);
    std::vector<Duration> loads(shards, Duration{0});
    for (std::size_t i = 0; i < dealt.size(); ++i) loads.at(dealt[i] - 1) += durations[i];
    const Duration sum = std::accumulate(durations.begin(), durations.end(), Duration{0});
    // List scheduling ends at most one job after the even share.
    EXPECT_LE(std::ranges::max(loads), sum / shards + std::ranges::max(durations));
    EXPECT_GT(std::ranges::min(loads), Duration{0}) << "no shard is empty while there are jobs enough";
  }
}

TEST(Shards, ExpectOfAnUnknownCellTheMedian) {
  EXPECT_EQ(expected_durations({"a", "b", "c", "new"}, {{"a", 1s}, {"b", 2s}, {"c", 60s}, {"gone", 9s}}),
            (std::vector<Duration>{1s, 2s, 60s, 2s}));
  EXPECT_EQ(expected_durations({"a", "b"}, {}), (std::vector<Duration>{1s, 1s}));
  EXPECT_EQ(expected_durations({"a"}, {{"a", 0s}}), (std::vector<Duration>{1ms}));
}

}  // namespace
}  // namespace bootrig
