#include "run/time_limit.h"

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

TEST(TimeLimit, AnIdleGuestExpires) {
  ManualClock clock;
  TimeLimit limit(10s, clock.now(), 0s);
  clock.advance(9s);
  EXPECT_FALSE(limit.expired(clock.now(), 0s));
  clock.advance(1s);
  EXPECT_TRUE(limit.expired(clock.now(), 0s));
}

TEST(TimeLimit, ALoadedHostOwesTime) {
  ManualClock clock;
  TimeLimit limit(10s, clock.now(), 2s);
  clock.advance(10s);
  EXPECT_FALSE(limit.expired(clock.now(), 6s));  // 4 s of the 10 were not given to the machine
  EXPECT_EQ(limit.deadline().at, clock.now() + 4s);
  clock.advance(4s);
  EXPECT_TRUE(limit.expired(clock.now(), 6s));
}

TEST(TimeLimit, WithoutALimitNeverExpires) {
  ManualClock clock;
  TimeLimit limit;
  clock.advance(1000h);
  EXPECT_FALSE(limit.expired(clock.now(), 0s));
  EXPECT_TRUE(limit.deadline().is_never());
}

}  // namespace
}  // namespace bootrig
