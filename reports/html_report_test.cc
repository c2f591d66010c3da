#include "reports/html_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "reports/html_console.h"
#include "reports/html_page.h"
#include "reports/samples_test.h"

namespace bootrig {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kHostileText =
    "<script>window.hostile = 1</script>]]></script><!-- <img src=x onerror='window.hostile=2'> --> "
    "\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m \xff\xfe broken \xe2\x80\xa8 separator & &lt; \"quoted\" @@DATA@@";

RunResult hostile_sample() {
  RunResult result = explained_sample("3");
  const std::string bytes = std::string(kHostileText) + std::string(1, '\0') + "after NUL";
  result.scenario = "hostile/" + bytes;
  result.id = "hostile/bytes@virt[gic=3]";
  result.scenario_summary = result.quarantine = result.verdict.detail = bytes;
  result.repeat_command = bytes;
  result.tags = {"hostile", bytes};
  Attempt& attempt = result.attempts[0];
  attempt.verdict = result.verdict;
  attempt.outcome.captures = {{bytes, bytes}};
  attempt.outcome.machine.errors = bytes;
  attempt.outcome.machine.argv = {bytes};
  attempt.outcome.hit->line.text = bytes;
  attempt.diagnosis->cause->what = attempt.diagnosis->cause->change = attempt.diagnosis->headline = bytes;
  attempt.diagnosis->signature = bytes;
  attempt.diagnosis->walk[0].symbol = attempt.diagnosis->walk[0].meaning = bytes;
  attempt.diagnosis->code = attempt.diagnosis->backtrace = attempt.diagnosis->findings = {bytes};
  result.transcript = {bytes + "\r\nthe line behind it\r\n", 0, ""};
  return result;
}

JsonValue::Array sample_history() {
  JsonValue::Array runs;
  for (int day = 5; day > 0; --day) {
    JsonValue::Object testcases{
        {"boot/memory@virt[gic=2]", JsonValue::Array{"pass", 1.0 + day / 10.0}},
        {"boot/window@virt[gic=2]", JsonValue::Array{day > 2 ? "pass" : "fail", 1.5}},
    };
    runs.push_back(JsonValue::Object{{"time", std::int64_t{1'790'000'000'000 - day * 86'400'000LL}},
                                     {"revision", "rev" + std::to_string(day)},
                                     {"counts", JsonValue::Object{{"pass", 15 - day}, {"fail", day}}},
                                     {"testcases", std::move(testcases)}});
  }
  return runs;
}

std::vector<RunResult> page_samples() {
  std::vector<RunResult> results = sample_results();
  results.push_back(hostile_sample());
  results[6].tags = {"smoke"};
  return results;
}

class HtmlReport : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto page = html_page(); !page) GTEST_SKIP() << page.error().message;
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string page_of(const std::vector<RunResult>& results, HtmlOptions options = {}) {
    options.path = folder_ / "report.html";
    HtmlReporter reporter(std::move(options));
    const auto reported = report(reporter, results, 2);
    EXPECT_TRUE(reported) << to_text(reported.error());
    return read_file(folder_ / "report.html").value_or("");
  }
  // What stands between the page's two parts, which must be there untouched.
  static std::string data_of(const std::string& page) {
    const HtmlPage parts = *html_page();
    EXPECT_TRUE(page.starts_with(parts.before));
    EXPECT_TRUE(page.ends_with(parts.behind));
    return page.substr(parts.before.size(), page.size() - parts.before.size() - parts.behind.size());
  }
  json data_of(const std::vector<RunResult>& results, HtmlOptions options = {}) {
    return json::parse(data_of(page_of(results, std::move(options))));
  }
  // A run's folder with the files of one attempt.
  void put_attempt(const fs::path& attempt, const std::string& transcript, const std::string& lines) {
    fs::create_directories(folder_ / attempt);
    ASSERT_TRUE(write_file(folder_ / attempt / "transcript.raw", transcript));
    ASSERT_TRUE(write_file(folder_ / attempt / "lines.tsv", lines));
  }

  fs::path folder_ = temporary_path("html");
};

TEST_F(HtmlReport, HoldsTheRunAndEveryResult) {
  const auto results = sample_results();
  const json data = data_of(results);
  EXPECT_EQ(data["schema"], "bootrig-page-1");
  EXPECT_EQ(data["run"]["name"], "nightly");
  EXPECT_EQ(data["totals"]["fail"], 9);
  EXPECT_EQ(data["missing"], 2);
  EXPECT_FALSE(data.contains("history"));
  ASSERT_EQ(data["results"].size(), results.size());
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(data["results"][i]["id"], results[i].id);
}

TEST_F(HtmlReport, TellsAFailureAsTheTerminalDoes) {
  const json data = data_of({explained_sample("2"), explained_sample("3"), diverged_sample("2")});
  const json& first = data["results"][0];
  EXPECT_EQ(first["headline"], "failed: exception");
  EXPECT_EQ(first["gates"], true);
  EXPECT_EQ(first["attempts"][0]["diagnosis"]["walk"][0]["descriptor"], "0x0");
  EXPECT_EQ(first["sameness"], data["results"][1]["sameness"]);
  EXPECT_NE(first["sameness"], data["results"][2]["sameness"]);
}

TEST_F(HtmlReport, LinesHaveTheirTimes) {
  RunResult result = passed_sample("boot/hello", "2");
  put_attempt(result.attempts[0].folder, "one\r\ntwo\nthree", "1\t0\t10.500\n2\t5\t11.000\n3\t9\t12.250\n");
  const json data = data_of({result}, {.run_folder = folder_});
  const json& console = data["results"][0]["console"];
  EXPECT_EQ(console["head"], json::parse(R"([[10.5,"one\r"],[11.0,"two"],[12.25,"three"]])"));
  EXPECT_EQ(console["cut-bytes"], 0);
  EXPECT_EQ(console["tail"], json::array());
}

TEST_F(HtmlReport, OfWhatPassedHeadAndTailAreKept) {
  RunResult result = passed_sample("boot/hello", "2");
  std::string transcript, lines;
  for (int line = 1; line <= 5000; ++line) {
    lines += std::to_string(line) + "\t" + std::to_string(transcript.size()) + "\t" + std::to_string(line) + ".0\n";
    transcript += "line " + std::to_string(line) + "\n";
  }
  put_attempt(result.attempts[0].folder, transcript, lines);
  const json data = data_of({result}, {.run_folder = folder_});
  const json& console = data["results"][0]["console"];
  const json& tail = console["tail"];
  EXPECT_EQ(console["head"][0], json::parse(R"([1.0,"line 1"])"));
  EXPECT_EQ(tail.back(), json::parse(R"([5000.0,"line 5000"])"));
  EXPECT_EQ(console["cut-bytes"], transcript.size() - 2 * 8192);
  EXPECT_EQ(console["tail-first"], 5000 - tail.size() + 1);
  EXPECT_EQ(tail[1][1], "line " + std::to_string(5000 - tail.size() + 2));
}

TEST_F(HtmlReport, PastItsBudgetAResultStandsWithoutItsConsole) {
  const auto results = std::vector{explained_sample("2"), explained_sample("3"), passed_sample("boot/hello", "2")};
  const std::uint64_t one = results[0].transcript.head.size();
  const json data = data_of(results, {.failed_budget = one + 5});
  EXPECT_TRUE(data["results"][0].contains("console"));
  EXPECT_FALSE(data["results"][1].contains("console"));
  EXPECT_EQ(data["without-console"], 2);  // the second, and the one that passed, whose files are not there
}

TEST_F(HtmlReport, NothingOfAGuestCanEndTheScript) {
  const std::string data = data_of(page_of({hostile_sample()}));
  EXPECT_EQ(data.find('<'), std::string::npos);
  EXPECT_EQ(data.find("\u2028"), std::string::npos);
  const json parsed = json::parse(data);
  EXPECT_EQ(parsed["results"][0]["console"]["head"][1][1], "the line behind it\r");
  EXPECT_NE(parsed["results"][0]["console"]["head"][0][1].get<std::string>().find("<script>"), std::string::npos);
}

TEST_F(HtmlReport, HistoryIsAskedForAtTheEnd) {
  const json data = data_of(sample_results(), {.history = sample_history});
  ASSERT_EQ(data["history"].size(), 5u);
  EXPECT_EQ(data["history"][0]["testcases"]["boot/window@virt[gic=2]"][0], "pass");
}

TEST_F(HtmlReport, NeedsNoNetwork) {
  const std::string page = page_of({});
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("connect-src"), std::string::npos);
  for (const char* loads : {"<link", "src=\"http", "@import"}) EXPECT_EQ(page.find(loads), std::string::npos) << loads;
}

TEST_F(HtmlReport, AFullDiskIsOneError) {
  HtmlReporter reporter({.path = "/dev/full"});
  const auto result = report(reporter, sample_results());
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "/dev/full: cannot write: No space left on device");
}

TEST(HtmlConsole, TimesThatCannotBeReadAreUnknown) {
  const fs::path folder = temporary_path("console");
  fs::create_directories(folder);
  ASSERT_TRUE(write_file(folder / "lines.tsv", "1\t0\t5.0\n2\tx\t6.0\n3\t8\t7.0\n"));
  const JsonValue console = console_json({"one\ntwo\n", 100, "tail\n"}, folder);
  fs::remove_all(folder);
  EXPECT_EQ(write_json(console),
            R"({"head":[[5.0,"one"],[null,"two"]],"cut-bytes":100,"tail":[[null,"tail"]],"tail-first":0})");
}

TEST(JsonInHtml, EscapesWhatHtmlOrAScriptWouldRead) {
  EXPECT_EQ(json_in_html(JsonValue("</script><!--\u2028\u2029\u2027&")),
            "\"\\u003c/script>\\u003c!--\\u2028\\u2029\u2027&\"");
}

// The pages that the tests in a browser open (reports/html/test): they start this.
TEST(HtmlPages, DISABLED_Write) {
  const fs::path folder = std::getenv("BOOTRIG_PAGES");
  HtmlReporter plain({.path = folder / "plain.html"});
  ASSERT_TRUE(report(plain, sample_results(), 0));
  HtmlReporter full({.path = folder / "full.html", .history = sample_history});
  ASSERT_TRUE(report(full, page_samples(), 3));
  RunResult timed = explained_sample("2");
  timed.attempts[0].outcome.hit->line.number = 450;
  const fs::path attempt = folder / timed.attempts[0].folder;
  fs::create_directories(attempt);
  std::string transcript, lines;
  for (int line = 1; line <= 3000; ++line) {
    lines += fmt::format("{}\t{}\t{}.250\n", line, transcript.size(), line);
    transcript += fmt::format("the text of line {}\r\n", line);
  }
  ASSERT_TRUE(write_file(attempt / "transcript.raw", transcript));
  ASSERT_TRUE(write_file(attempt / "lines.tsv", lines));
  HtmlReporter marked({.path = folder / "timed.html", .run_folder = folder});
  ASSERT_TRUE(report(marked, {timed}, 0));
  RunResult few = diverged_sample("2"), many = passed_sample("tests/many", "2");
  few.subtests = {{"vm.alloc", Subtest::Status::kPass, "", 3},
                  {"vm.<b>map</b>", Subtest::Status::kFail, "want 4,\x1b[31m got 5", 7},
                  {"smp.ipi", Subtest::Status::kSkip, "one CPU", 9}};
  for (unsigned i = 1; i <= 30; ++i) many.subtests.push_back({fmt::format("t.{}", i), Subtest::Status::kPass, "", i});
  HtmlReporter with_subtests({.path = folder / "subtests.html"});
  ASSERT_TRUE(report(with_subtests, {few, many}, 0));
  RunResult checked = diverged_sample("2");
  checked.attempts[0].outcome.divergence->captured = "512";
  HtmlReporter with_check({.path = folder / "check.html"});
  ASSERT_TRUE(report(with_check, {checked}, 0));
  HtmlReporter good({.path = folder / "good.html"});
  ASSERT_TRUE(report(good, {passed_sample("boot/hello", "2")}, 0));
}

}  // namespace
}  // namespace bootrig
