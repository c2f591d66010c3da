#include "reports/json_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "reports/samples_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using nlohmann::json;

std::string against_report_schema(const json& document) {
  return against_schema(std::filesystem::path(source_path("reports/report.schema.json")), document.dump());
}

std::string report_of(const std::vector<RunResult>& results, std::size_t missing = 0) {
  const std::string path = temporary_path("report.json");
  JsonReporter reporter({.path = path});
  const auto reported = report(reporter, results, missing);
  EXPECT_TRUE(reported) << to_text(reported.error());
  const std::string text = read_file(path).value_or("");
  std::filesystem::remove(path);
  return text;
}

TEST(JsonReport, ReadsAsApproved) {
  const std::string text = report_of(sample_results(), 3);
  EXPECT_EQ(against_report_schema(json::parse(text)), "");
  expect_approved("report.json", text);
}

TEST(JsonReport, HoldsEveryResultOnItsOwnLine) {
  const auto results = sample_results();
  const json document = json::parse(report_of(results));
  ASSERT_EQ(document["results"].size(), results.size());
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(document["results"][i]["id"], results[i].id);
  EXPECT_EQ(document["totals"]["fail"], 9);
  EXPECT_EQ(document["missing"], 0);
}

TEST(JsonReport, SaysWhatJUnitCannot) {
  const json document = json::parse(report_of({retried_sample(), build_error_sample("boot/user", "2")}));
  const json& result = document["results"][0];
  EXPECT_EQ(result["attempts"].size(), 3u);
  EXPECT_EQ(result["attempts"][0]["outcome"]["termination"], "boot-timeout");
  EXPECT_EQ(result["attempts"][2]["outcome"]["divergence"]["seen"]["number"], 12);
  EXPECT_EQ(result["attempts"][2]["outcome"]["machine"]["argv"][0], "qemu-system-aarch64");
  EXPECT_EQ(result["gates"], true);
  EXPECT_EQ(document["results"][1]["who-must-act"], who_must_act(Cause::kImageBuild));
}

TEST(JsonReport, HoldsSubtests) {
  RunResult result = diverged_sample("3");
  result.subtests = {{"s.a", Subtest::Status::kPass, "", 1}, {"s.\xff", Subtest::Status::kFail, "why", 2}};
  const json document = json::parse(report_of({result}));
  EXPECT_EQ(against_report_schema(document), "");
  EXPECT_EQ(document["results"][0]["subtests"][1]["status"], "fail");
  EXPECT_EQ(document["results"][0]["subtests"][1]["detail"], "why");
  EXPECT_FALSE(document["results"][0]["subtests"][0].contains("detail"));
}

TEST(JsonReport, AnEmptyRunIsValid) {
  EXPECT_EQ(against_report_schema(json::parse(report_of({}))), "");
}

TEST(JsonReport, HostileBytesStayJson) {
  std::string bytes = "</script>\xed\xa0\x80";
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  RunResult result = diverged_sample("3");
  result.id = result.verdict.detail = result.attempts[0].outcome.machine.errors = bytes;
  result.transcript = {bytes, 1, bytes};
  result.attempts[0].outcome.captures = {{bytes, bytes}};
  EXPECT_EQ(against_report_schema(json::parse(report_of({result}))), "");
}

TEST(JsonReport, TranscriptsAreCut) {
  RunResult result = diverged_sample("3");
  result.transcript = {std::string(12'000'000, 'a'), 7, std::string(12'000'000, 'b')};
  const json document = json::parse(report_of({result}));
  EXPECT_EQ(document["results"][0]["transcript"]["cut"], 24'000'007 - 2 * 65536);
}

// The schema must be able to say no.
TEST(JsonReport, TheSchemaRefusesWhatItDoesNotDescribe) {
  const json good = json::parse(report_of({passed_sample("boot/hello", "2")}));
  json bad = good;
  bad["results"][0]["standing"] = "fine";
  EXPECT_NE(against_report_schema(bad), "");
  bad = good;
  bad["results"][0]["surprise"] = 1;
  EXPECT_NE(against_report_schema(bad), "");
  bad = good;
  bad["results"][0]["attempts"][0]["outcome"].erase("termination");
  EXPECT_NE(against_report_schema(bad), "");
  bad = json::parse(report_of({explained_sample("2")}));
  ASSERT_EQ(against_report_schema(bad), "");
  bad["results"][0]["attempts"][0]["diagnosis"]["walk"][0]["level"] = 4;
  EXPECT_NE(against_report_schema(bad), "");
  bad = good;
  bad["schema"] = "bootrig-report-2";
  EXPECT_NE(against_report_schema(bad), "");
}

TEST(JsonReport, AnUnwritableFolderIsOneError) {
  const std::string folder = temporary_path("blocked");
  ASSERT_TRUE(write_file_atomically(folder, "a file"));
  JsonReporter reporter({.path = folder + "/report.json"});
  const auto result = report(reporter, sample_results());
  std::filesystem::remove(folder);
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), folder + ": cannot make the folder: Not a directory");
}

TEST(JsonReport, AFullDiskIsOneError) {
  JsonReporter reporter({.path = "/dev/full"});
  const auto result = report(reporter, sample_results());
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "/dev/full: cannot write: No space left on device");
}

}  // namespace
}  // namespace bootrig
