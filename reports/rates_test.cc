#include "reports/rates.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "reports/json_report.h"
#include "reports/junit.h"
#include "reports/samples_test.h"
#include "reports/summary.h"
#include "testing/json_schema.h"
#include "testing/paths.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

RunResult repetition(RunResult result, unsigned number) {
  if (number > 1) result.id += "#" + std::to_string(number);
  return result;
}

// Values of R's binom::binom.wilson, which others compute as well.
TEST(WilsonInterval, KnownValues) {
  const auto expect = [](std::size_t passed, std::size_t sessions, double low, double high) {
    const Interval interval = wilson_interval(passed, sessions);
    EXPECT_NEAR(interval.low, low, 5e-5) << passed << " of " << sessions;
    EXPECT_NEAR(interval.high, high, 5e-5) << passed << " of " << sessions;
  };
  expect(5, 10, 0.2366, 0.7634);
  expect(0, 10, 0.0, 0.2775);
  expect(10, 10, 0.7225, 1.0);
  expect(1, 1, 0.2065, 1.0);
  expect(197, 200, 0.9568, 0.9949);
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
  EXPECT_EQ(wilson_interval(10, 10).high, 1.0);
}

TEST(RateTable, OfWhatWasRepeatedAlone) {
  RateTable table;
  table.add(passed_sample("boot/once", "2"));
  for (unsigned i = 1; i <= 3; ++i) table.add(repetition(passed_sample("boot/thrice", "2"), i));
  for (unsigned i = 1; i <= 2; ++i) table.add(repetition(i == 1 ? diverged_sample("3") : passed_sample("a", "3"), i));
  const auto rates = table.rates();
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_EQ(rates[1].cell, "boot/thrice@virt[gic=2]");
  EXPECT_EQ(rates[1].passed, 3u);
  EXPECT_EQ(rates[1].sessions, 3u);
}

TEST(RateTable, EachAttemptIsASession) {
  RateTable table;
  RunResult flaky = flaky_sample();
  const std::size_t attempts = flaky.attempts.size();
  ASSERT_GT(attempts, 1u);
  table.add(flaky);
  table.add(repetition(flaky, 2));
  ASSERT_EQ(table.rates().size(), 1u);
  EXPECT_EQ(table.rates()[0].passed, 2u);
  EXPECT_EQ(table.rates()[0].sessions, 2 * attempts);
}

TEST(RateTable, ExpectedFailuresPassAndErrorsDoNotCount) {
  RateTable table;
  for (unsigned i = 1; i <= 2; ++i) table.add(repetition(expected_failure_sample(), i));
  for (unsigned i = 1; i <= 2; ++i) table.add(repetition(build_error_sample("boot/broken", "2"), i));
  for (unsigned i = 1; i <= 2; ++i) table.add(repetition(skipped_sample("boot/skipped", "no KVM"), i));
  const auto rates = table.rates();
  ASSERT_EQ(rates.size(), 1u);
  EXPECT_EQ(rates[0].passed, 2u);
  EXPECT_EQ(rates[0].sessions, 2u);
}

TEST(Rates, InTheSummary) {
  Summary summary;
  for (unsigned i = 1; i <= 10; ++i) summary.add(repetition(passed_sample("boot/hello", "2"), i));
  const std::string text = summary.text({});
  EXPECT_NE(text.find("rates:\n  boot/hello@virt[gic=2]  10 of 10 passed (100.0 %; 95 % confidence, Wilson: 72.2 % to "
                      "100.0 %)\n"),
            std::string::npos)
      << text;
}

TEST(Rates, InJUnitAndInTheReport) {
  const TestFolder folder;
  const std::filesystem::path xml = folder.path() / "junit.xml", json = folder.path() / "report.json";
  std::vector<RunResult> results;
  for (unsigned i = 1; i <= 4; ++i) {
    RunResult result = i == 3 ? diverged_sample("2") : passed_sample("", "2");
    result.id = "boot/hello@virt[gic=2]";
    result.scenario = "boot/hello";
    results.push_back(repetition(result, i));
  }
  JUnitReporter junit({xml});
  JsonReporter report_json({json});
  ASSERT_TRUE(report(junit, results));
  ASSERT_TRUE(report(report_json, results));
  const std::string text = read_file(xml).value_or("");
  EXPECT_NE(
      text.find("<property name=\"rate boot/hello\" value=\"3 of 4 passed (75.0 %; 95 % confidence, Wilson: 30.1 % "
                "to 95.4 %)\"/>"),
      std::string::npos)
      << text;
  const std::string document = read_file(json).value_or("");
  EXPECT_EQ(against_schema(source_path("reports/report.schema.json"), document), "");
  const nlohmann::json rates = nlohmann::json::parse(document)["rates"];
  ASSERT_EQ(rates.size(), 1u);
  EXPECT_EQ(rates[0]["testcase"], "boot/hello@virt[gic=2]");
  EXPECT_EQ(rates[0]["passed"], 3);
  EXPECT_EQ(rates[0]["sessions"], 4);
  EXPECT_NEAR(rates[0]["wilson-95"][0].get<double>(), 0.3006, 5e-5);
  EXPECT_NEAR(rates[0]["wilson-95"][1].get<double>(), 0.9544, 5e-5);
}

}  // namespace
}  // namespace bootrig
