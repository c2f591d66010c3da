#include "reports/place.h"

#include <gtest/gtest.h>

#include "reports/samples_test.h"

namespace bootrig {
namespace {

std::string place_of(const RunResult& result, const std::string& project, const std::string& base = "") {
  const SourcePlace place = source_place(result, project, base);
  return place.file + ":" + std::to_string(place.line);
}

TEST(SourcePlace, IsTheExpectationThatWasNotMet) {
  EXPECT_EQ(place_of(diverged_sample("2"), "/p"), "scenarios/boot/hello/expected.transcript:3");
  RunResult steps = diverged_sample("2");
  steps.attempts[0].outcome.divergence->place = "scenarios/a/scenario.json:/steps/0/expect";
  EXPECT_EQ(place_of(steps, "/p"), "scenarios/a/scenario.json:1");
}

TEST(SourcePlace, IsOtherwiseTheScenario) {
  EXPECT_EQ(place_of(passed_sample("boot/memory", "2"), "/p"), "/p/scenarios/boot/memory/scenario.json:1");
  EXPECT_EQ(place_of(build_error_sample("boot/user", "2"), "/p"), "/p/scenarios/boot/user/scenario.json:1");
  RunResult passed = diverged_sample("2");
  passed.verdict = {};
  EXPECT_EQ(place_of(passed, "/p"), "/p/scenarios/boot/hello/scenario.json:1");
}

TEST(SourcePlace, IsRelativeToWhatItIsBelow) {
  RunResult result = diverged_sample("2");
  result.attempts[0].outcome.divergence->place = "/w/tests/boot/expected.transcript:7";
  EXPECT_EQ(place_of(result, "/p", "/w"), "tests/boot/expected.transcript:7");
  EXPECT_EQ(place_of(result, "/p", "/elsewhere"), "/w/tests/boot/expected.transcript:7");
}

}  // namespace
}  // namespace bootrig
