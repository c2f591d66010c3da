#include "reports/ctrf.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "reports/samples_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using nlohmann::json;

json ctrf_of(const std::vector<RunResult>& results, std::size_t missing = 0) {
  const TestFolder folder;
  CtrfReporter reporter({folder.path() / "ctrf.json", "/project"});
  const auto reported = report(reporter, results, missing);
  EXPECT_TRUE(reported) << to_text(reported.error());
  return json::parse(read_file(folder.path() / "ctrf.json").value());
}

std::string against(const json& document) {
  return against_schema(source_path("reports/ctrf.schema.json"), document.dump());
}

TEST(Ctrf, HoldsWhatTheFormatDemands) {
  const json document = ctrf_of(sample_results(), 1);
  EXPECT_EQ(against(document), "");
  expect_approved("ctrf.json", document.dump(1) + "\n");
  const json& results = document["results"];
  const json& summary = results["summary"];
  EXPECT_EQ(summary["tests"], results["tests"].size());
  for (const char* status : {"passed", "failed", "skipped", "pending", "other"}) {
    std::size_t count = 0;
    for (const json& test : results["tests"]) count += test["status"] == status;
    EXPECT_EQ(summary[status], count) << status;
  }
  EXPECT_LE(summary["start"], summary["stop"]);
}

TEST(Ctrf, TellsEachStanding) {
  const json tests = ctrf_of({expected_failure_sample(), quarantined_sample(), flaky_sample(), retried_sample(),
                              build_error_sample("boot/user", "2"), unexpected_pass_sample()})["results"]["tests"];
  const auto words = [&](std::size_t i) {
    return tests[i]["rawStatus"].get<std::string>() + " " + tests[i]["status"].get<std::string>();
  };
  EXPECT_EQ(words(0), "xfail passed");
  EXPECT_EQ(words(1), "quarantined other");
  EXPECT_EQ(words(2), "flaky passed");
  EXPECT_EQ(tests[2]["flaky"], true);
  EXPECT_EQ(tests[2]["retries"], 1);
  EXPECT_EQ(words(3), "fail failed");
  EXPECT_EQ(tests[3]["retryAttempts"].size(), 2u);
  EXPECT_EQ(words(4), "error failed");
  EXPECT_EQ(words(5), "xpass failed");
}

TEST(Ctrf, PointsAtTheExpectation) {
  const json test = ctrf_of({diverged_sample("2")})["results"]["tests"][0];
  EXPECT_EQ(test["filePath"], "scenarios/boot/hello/expected.transcript");
  EXPECT_EQ(test["line"], 3);
  EXPECT_EQ(test["stdout"].size(), 4u);
}

TEST(Ctrf, AShortRunIsNoGoodOne) {
  EXPECT_EQ(ctrf_of({passed_sample("a/b", "2")}, 2)["results"]["tests"][1]["message"],
            "2 of 3 planned testcases have no result");
  const json nothing = ctrf_of({});
  EXPECT_EQ(against(nothing), "");
  EXPECT_EQ(nothing["results"]["summary"]["failed"], 1);
  EXPECT_EQ(nothing["results"]["tests"][0]["message"], "no testcase was run");
}

// The schema must be able to say no.
TEST(Ctrf, TheSchemaRefusesWhatTheFormatDoes) {
  const json good = ctrf_of({diverged_sample("2")});
  json bad = good;
  bad["results"]["tests"][0]["status"] = "fine";
  EXPECT_NE(against(bad), "");
  bad = good;
  bad["results"]["summary"].erase("pending");
  EXPECT_NE(against(bad), "");
  bad = good;
  bad["results"]["tests"][0]["duration"] = 1.5;
  EXPECT_NE(against(bad), "");
  bad = good;
  bad["results"]["tests"][0]["colour"] = "red";
  EXPECT_NE(against(bad), "");
}

}  // namespace
}  // namespace bootrig
