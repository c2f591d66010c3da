#include "reports/comparison_report.h"

#include <gtest/gtest.h>

#include "reports/samples_test.h"
#include "reports/summary.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

constexpr std::int64_t kDay = 86'400'000, kNight = 1'790'000'000'000;  // 2026-09-21T14:13:20Z

ChangeGroup group(Change change, const std::string& signature, std::vector<std::string> cells) {
  ChangeGroup group;
  group.change = change;
  group.signature = signature;
  group.trouble.signature = signature;
  group.trouble.detail = "a detail with \x1b[31m and | and `";
  group.cells = std::move(cells);
  return group;
}

Comparison sample() {
  Comparison comparison;
  comparison.groups = {group(Change::kNew, "exception x", {"a@virt", "b@virt"}),
                       group(Change::kKnown, "known <script>", {"c@virt"}), group(Change::kFixed, "fixed", {"d@virt"}),
                       group(Change::kFlaky, "flaky", {"e@virt"})};
  comparison.groups[1].since = Since{7, "4f2a91c0", kNight - kDay};
  comparison.groups[2].since = Since{0, "", kNight - 2 * kDay};
  comparison.tried = 9;
  comparison.not_tried_before = 1;
  comparison.not_tried_now = 2;
  comparison.quarantined = 3;
  return comparison;
}

const ComparedRun kBefore{"run 7", {.name = "nightly", .revision = "4f2a91c0", .started_at_ms = kNight - kDay}};
const ComparedRun kNow{"out", {.name = "nightly", .revision = "", .started_at_ms = kNight}};

TEST(ComparisonReport, AsText) {
  EXPECT_EQ(comparison_text(kBefore, kNow, sample(), {}),
            "run 7 (4f2a91c0, 2026-09-20 14:13) -> out (2026-09-21 14:13)\n"
            "  new 2 testcases  exception x\n"
            "      a detail with \\x1b[31m and | and `\n"
            "      a@virt, b@virt\n"
            "known 1 testcase  known <script>\n"
            "      known since 4f2a91c0 (2026-09-20)\n"
            "      a detail with \\x1b[31m and | and `\n"
            "      c@virt\n"
            "fixed 1 testcase  fixed\n"
            "      fixed; it failed since 2026-09-19\n"
            "      a detail with \\x1b[31m and | and `\n"
            "      d@virt\n"
            "flaky 1 testcase  flaky\n"
            "      flaky: passed and failed in this run\n"
            "      a detail with \\x1b[31m and | and `\n"
            "      e@virt\n"
            "2 new, 1 known, 1 fixed, 1 flaky of 9 testcases; 3 fail in quarantine; 1 were not tried before; 2 of "
            "before were not tried now\n");
}

TEST(ComparisonReport, AsMarkdownNothingBreaksTheTable) {
  const std::string text = comparison_markdown(kBefore, kNow, sample());
  EXPECT_NE(text.find("**2 new, 1 known, 1 fixed, 1 flaky** of 9 testcases"), std::string::npos) << text;
  EXPECT_EQ(text.find("<script>"), std::string::npos) << text;
  EXPECT_NE(text.find("| new | 2: a`@`virt, b`@`virt | exception x | new |\n"), std::string::npos) << text;
}

TEST(ComparisonReport, AsJson) {
  const std::string text = write_json(comparison_json(kBefore, kNow, sample()));
  EXPECT_EQ(against_schema(source_path("reports/compare.schema.json"), text), "");
  EXPECT_NE(text.find(R"("since":{"revision":"4f2a91c0","at-ms":1789913600000,"run":7})"), std::string::npos) << text;
}

TEST(ComparisonReport, ANewFailureOfWhatWasNeverTriedSaysSo) {
  ChangeGroup fresh = group(Change::kNew, "s", {"a@virt"});
  EXPECT_EQ(change_words(fresh), "new");
  fresh.untried = 1;
  EXPECT_EQ(change_words(fresh), "new; no earlier run of it is known");
}

TEST(ComparisonReport, WhatComesBackSaysWhenItWasThere) {
  ChangeGroup back = group(Change::kNew, "s", {"a@virt"});
  back.earlier = EarlierLife{{3, "4f2a91c0", kNight}, {3, "4f2a91c0", kNight}, std::nullopt};
  EXPECT_EQ(change_words(back), "come back: seen first at 4f2a91c0 (2026-09-21)");
  constexpr std::int64_t kDay = 86'400'000;
  back.earlier = EarlierLife{{3, "4f2a91c0", kNight}, {4, "5e00", kNight + kDay}, Since{5, "77aa", kNight + 2 * kDay}};
  EXPECT_EQ(change_words(back),
            "come back: seen first at 4f2a91c0 (2026-09-21), last at 5e00 (2026-09-22), mended at 77aa (2026-09-23)");
  Comparison comparison;
  comparison.groups = {back};
  const std::string text = write_json(comparison_json(kBefore, kNow, comparison));
  EXPECT_EQ(against_schema(source_path("reports/compare.schema.json"), text), "");
  EXPECT_NE(text.find(R"("mended":{"revision":"77aa")"), std::string::npos) << text;
  EXPECT_NE(comparison_text(kBefore, kNow, comparison, {}).find("      come back: seen first"), std::string::npos);
}

TEST(Summary, TellsOfEachFailureWhetherItIsNew) {
  Summary summary;
  const RunResult result = diverged_sample("2");
  summary.add(result);
  Comparison past;
  past.groups = {group(Change::kKnown, "s", {result.id}), group(Change::kFixed, "t", {"other@virt"})};
  past.groups[0].since = past.groups[1].since = Since{7, "4f2a91c0", kNight};
  const std::string text = summary.text({}, &past);
  EXPECT_NE(text.find("\n  history    known since 4f2a91c0 (2026-09-21)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nfixed:\n    1  t; failed since 4f2a91c0 (2026-09-21)\n       other@virt\n"), std::string::npos)
      << text;
  EXPECT_EQ(summary.text({}).find("history"), std::string::npos);
}

}  // namespace
}  // namespace bootrig
