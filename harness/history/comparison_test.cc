#include "history/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

ResultRecord result(const std::string& cell, Standing standing, const std::string& signature = "") {
  ResultRecord result;
  result.cell = cell;
  result.standing = standing;
  result.signature = signature;
  result.image_sha256 = "sha";
  return result;
}
ResultRecord passing(const std::string& cell) {
  return result(cell, Standing::kPassed);
}
ResultRecord failing(const std::string& cell, const std::string& signature) {
  return result(cell, Standing::kFailed, signature);
}

RunRecord run_of(std::int64_t at_ms, const std::string& revision, std::vector<ResultRecord> results) {
  RunRecord run;
  run.info.revision = revision;
  run.info.emulator = "QEMU 7.2.22";
  run.info.started_at_ms = at_ms;
  for (ResultRecord& result : results) {
    const auto same = std::ranges::count(run.results, result.cell, &ResultRecord::cell);
    result.repetition = static_cast<unsigned>(same) + 1;
    run.results.push_back(result);
  }
  return run;
}

// "new s: a b", a line each.
std::vector<std::string> lines(const Result<Comparison>& comparison) {
  EXPECT_TRUE(comparison);
  std::vector<std::string> lines;
  for (const ChangeGroup& group : comparison->groups) {
    std::string line = std::string(to_text(group.change)) + " " + group.signature + ":";
    for (const std::string& cell : group.cells) line += " " + cell;
    if (group.since) line += " since " + group.since->revision;
    lines.push_back(line);
  }
  return lines;
}
using Lines = std::vector<std::string>;

Lines compared(const RunRecord& before, const RunRecord& now, const History* history = nullptr) {
  return lines(compare(states_of(before), states_of(now), history));
}

TEST(Comparison, EveryKindOfChange) {
  const RunRecord before = run_of(1, "r1",
                                  {failing("known", "s"), failing("fixed", "t"), passing("new"), passing("fine"),
                                   failing("changed", "s"), failing("gone", "u")});
  const RunRecord now = run_of(
      2, "r2",
      {failing("known", "s"), passing("fixed"), failing("new", "v"), passing("fine"), failing("changed", "v"),
       passing("again"), failing("again", "w"), result("retried", Standing::kFlaky, "x"), failing("fresh", "s")});
  EXPECT_EQ(compared(before, now), (Lines{"new v: changed new", "known s: fresh known since r1",
                                          "fixed t: fixed since r1", "flaky w: again", "flaky x: retried"}));
  const auto comparison = compare(states_of(before), states_of(now), nullptr);
  EXPECT_EQ(comparison->tried, 8u);
  EXPECT_EQ(comparison->not_tried_before, 3u);
  EXPECT_EQ(comparison->not_tried_now, 1u);
  EXPECT_EQ(comparison->count(Change::kNew), 2u);
  EXPECT_EQ(comparison->count(Change::kKnown), 2u);
}

TEST(Comparison, ATroubleThatSpreadsIsNewWhereItWasNot) {
  const RunRecord before = run_of(1, "r1", {failing("a", "s"), passing("b")});
  const RunRecord now = run_of(2, "r2", {failing("a", "s"), failing("b", "s")});
  EXPECT_EQ(compared(before, now), (Lines{"new s: b", "known s: a since r1"}));
}

TEST(Comparison, TheSameImageAtTheSameRevisionIsFlaky) {
  const RunRecord pass = run_of(1, "r1", {passing("a")}), fail = run_of(2, "r1", {failing("a", "s")});
  EXPECT_EQ(compared(pass, fail), Lines{"flaky s: a since r1"});
  EXPECT_EQ(compared(fail, pass), Lines{"flaky s: a since r1"});
  for (const char* revision : {"", "r1+"}) {
    RunRecord left = pass, right = fail;
    left.info.revision = right.info.revision = revision;
    EXPECT_EQ(compared(left, right), Lines{"new s: a"}) << "'" << revision << "' does not name a state of the tree";
  }
  RunRecord other = fail;
  other.results[0].image_sha256 = "other";
  EXPECT_EQ(compared(pass, other), Lines{"new s: a"}) << "another image";
  other = fail;
  other.info.emulator = "QEMU 8.0.0";
  EXPECT_EQ(compared(pass, other), Lines{"new s: a"}) << "another emulator";
}

TEST(Comparison, AQuarantinedFailureIsToldApart) {
  const RunRecord quarantined = run_of(1, "r1", {result("a", Standing::kQuarantined, "s")});
  const RunRecord pass = run_of(2, "r2", {passing("a")}), fail = run_of(3, "r3", {failing("a", "s")});
  EXPECT_EQ(compared(pass, run_of(3, "r3", quarantined.results)), Lines{});
  EXPECT_EQ(compare(states_of(pass), states_of(quarantined), nullptr)->quarantined, 1u);
  EXPECT_EQ(compared(quarantined, fail), Lines{"known s: a since r1"}) << "its quarantine has ended";
  EXPECT_EQ(compared(quarantined, pass), Lines{"fixed s: a since r1"});
}

TEST(Comparison, WhatIsSkippedIsNotTried) {
  const RunRecord skip = run_of(1, "r1", {result("a", Standing::kSkipped)});
  const RunRecord fail = run_of(2, "r2", {failing("a", "s")});
  EXPECT_EQ(compared(skip, fail), Lines{"new s: a"});
  EXPECT_EQ(compared(fail, skip), Lines{});
  EXPECT_EQ(compare(states_of(fail), states_of(skip), nullptr)->not_tried_now, 1u);
}

TEST(Comparison, AFailureAsExpectedIsAPass) {
  const RunRecord before = run_of(1, "r1", {result("a", Standing::kExpectedFailure)});
  const RunRecord now = run_of(2, "r2", {result("a", Standing::kUnexpectedPass, "unexpected-pass in a")});
  EXPECT_EQ(compared(before, now), Lines{"new unexpected-pass in a: a"});
  EXPECT_EQ(compared(now, run_of(3, "r3", before.results)), Lines{"fixed unexpected-pass in a: a since r2"});
}

TEST(Comparison, TheHistoryKnowsSinceWhen) {
  const TestFolder folder;
  auto history = History::create(folder.path() / "history.sqlite");
  ASSERT_TRUE(history);
  const RunRecord last = run_of(4, "r4", {failing("a", "s"), failing("b", "t")});
  for (const RunRecord& run : {run_of(1, "r1", {passing("a"), passing("b")}), run_of(2, "r2", {failing("a", "s")}),
                               run_of(3, "r3", {failing("b", "t")}), last}) {
    ASSERT_TRUE(history->add(run).value_or(false));
  }
  EXPECT_EQ(compared(last, run_of(5, "r5", {failing("a", "s"), passing("b")}), &*history),
            (Lines{"known s: a since r2", "fixed t: b since r3"}));
  EXPECT_EQ(compared(last, run_of(5, "r1", {failing("b", "t")}), &*history), Lines{"flaky t: b since r1"})
      << "with this image it passed at this revision";
  // A run against all that is known before it.
  const CellStates now = states_of(run_of(5, "r5", {failing("a", "s"), failing("b", "v"), failing("c", "s")}));
  const auto before = latest_states(*history, now, 5);
  ASSERT_TRUE(before);
  EXPECT_EQ(lines(compare(*before, now, &*history)), (Lines{"new v: b", "known s: a c since r2"}));
  EXPECT_EQ(latest_states(*history, now, 3)->at("a").revision, "r2");
}

TEST(Comparison, WhatComesBackHasAnEarlierLife) {
  const TestFolder folder;
  auto history = History::create(folder.path() / "history.sqlite");
  ASSERT_TRUE(history);
  const RunRecord last = run_of(6, "r6", {passing("a"), passing("b")});
  for (const RunRecord& run :
       {run_of(1, "r1", {passing("a"), passing("b")}), run_of(2, "r2", {failing("a", "s")}),
        run_of(3, "r3", {failing("a", "s"), failing("b", "s")}), run_of(4, "r4", {failing("a", "t")}),
        run_of(5, "r5", {passing("a"), passing("b")}), last}) {
    ASSERT_TRUE(history->add(run).value_or(false));
  }
  const auto again =
      compare(states_of(last), states_of(run_of(7, "r7", {failing("a", "s"), failing("b", "s")})), &*history);
  ASSERT_EQ(again->groups.size(), 1u);
  ASSERT_TRUE(again->groups[0].earlier);
  EXPECT_EQ(again->groups[0].earlier->first.revision, "r2");
  EXPECT_EQ(again->groups[0].earlier->last.revision, "r3");
  EXPECT_EQ(again->groups[0].earlier->mended->revision, "r5");
  const auto other = compare(states_of(last), states_of(run_of(7, "r7", {failing("b", "t")})), &*history);
  EXPECT_FALSE(other->groups[0].earlier) << "another testcase failed so";
}

}  // namespace
}  // namespace bootrig
