// What bootrig run leaves in the history, and bootrig history shows of it.
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/program_test.h"
#include "history/history.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class HistoryOfRuns : public ::testing::Test {
 protected:
  Finished run(Words more, const Words& environment = {}) {
    Words words{"run", "--project", small_project(), "--output", folder_.path() / "run", "--history", file_};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words, environment);
  }
  Json list(Words more = {}) {
    Words words{"history", "--history", file_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = bootrig(words);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(against_schema(source_path("reports/history.schema.json"), finished.out), "");
    return Json::parse(finished.out, nullptr, /*allow_exceptions=*/false);
  }

  TestFolder folder_;
  fs::path file_ = folder_.path() / "history.sqlite";
};

TEST_F(HistoryOfRuns, EveryRunGoesIn) {
  EXPECT_EQ(run({"good/off@virt", "--repeat", "2"}).code, 0);
  EXPECT_EQ(run({"bad/fourth@virt", "good/off@virt"}).code, 1);
  const Json runs = list()["runs"];
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["totals"]["fail"], 1);
  EXPECT_EQ(runs[0]["missing"], 0);
  EXPECT_EQ(runs[1]["totals"]["pass"], 2);
  EXPECT_EQ(runs[1]["run"]["emulator"], Json::parse(text_of(folder_.path() / "run/report.json"))["run"]["emulator"]);
  const auto history = History::open(file_);
  ASSERT_TRUE(history);
  const auto stored = history->run(2);
  ASSERT_TRUE(stored && stored->results.size() == 2);
  for (const ResultRecord& result : stored->results) {
    EXPECT_EQ(result.signature.empty(), result.cell == "good/off@virt") << result.cell << ": " << result.signature;
    EXPECT_EQ(result.image_sha256.size(), 64u);
    EXPECT_GT(result.wall.count(), 0);
  }
  const Finished told = bootrig({"history", "--history", file_, "--limit", "1"});
  EXPECT_EQ(told.code, 0) << told.err;
  const auto lines = split_lines(told.out);
  ASSERT_EQ(lines.size(), 2u) << told.out;
  EXPECT_TRUE(lines[1].starts_with(" 2  ")) << told.out;
  EXPECT_TRUE(lines[1].ends_with("selection  1 passed, 1 failed")) << told.out;
}

TEST_F(HistoryOfRuns, StandsInTheProjectUnlessToldOtherwise) {
  const fs::path project = folder_.path() / "project";
  copy_project(small_project(), project);
  const fs::path own = project / ".bootrig/history.sqlite";
  const Words words{"run", "--project", project, "--output", folder_.path() / "run", "good/off@virt"};
  Words without = words;
  without.push_back("--no-history");
  EXPECT_EQ(bootrig(without, {"BOOTRIG_HISTORY="}).code, 0);
  EXPECT_EQ(bootrig(words, {"BOOTRIG_HISTORY=off"}).code, 0);
  EXPECT_FALSE(fs::exists(project / ".bootrig"));
  EXPECT_EQ(bootrig(words, {"BOOTRIG_HISTORY="}).code, 0);
  EXPECT_TRUE(fs::exists(own));
  EXPECT_EQ(text_of(project / ".bootrig/.gitignore"), "*\n");
  const Finished told = bootrig({"history", "--project", project}, {"BOOTRIG_HISTORY="});
  EXPECT_EQ(split_lines(told.out).size(), 2u) << told.out << told.err;
}

TEST_F(HistoryOfRuns, AnInterruptedRunToo) {
  Invocation invocation({"run", "--project", small_project(), "--output", folder_.path() / "run", "--history", file_,
                         "good/off@virt", "--repeat", "2000", "-j1"});
  ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] {
    std::error_code error;
    return fs::exists(folder_.path() / "run/cells/good/off/virt.2/attempt-1", error);
  }));
  invocation.signal(SIGTERM);
  EXPECT_EQ(invocation.wait().code, 2);
  const Json runs = list()["runs"];
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_GT(runs[0]["missing"], 0);
  EXPECT_GT(runs[0]["totals"]["pass"], 0);
  EXPECT_EQ(runs[0]["run"]["planned"], 2000);
}

TEST_F(HistoryOfRuns, ABrokenOneIsOneWarning) {
  folder_.put("history.sqlite", "this is no database, and long enough to be looked at: " + std::string(2000, 'x'));
  const Finished finished = run({"good/off@virt"});
  EXPECT_EQ(finished.code, 0);
  EXPECT_EQ(finished.err, "bootrig: warning: " + file_.string() +
                              ": is no history: it is not an SQLite database; this run is not in the history\n");
  EXPECT_EQ(bootrig({"history", "--history", file_}).code, 2);
}

TEST_F(HistoryOfRuns, OldReportsAreTakenInOnce) {
  EXPECT_EQ(run({"bad/fourth@virt", "--no-history"}).code, 1);
  EXPECT_FALSE(fs::exists(file_));
  fs::copy(folder_.path() / "run/report.json", folder_.path() / "run/images/report.json");  // no place of a report
  const Words words{"history", "import", folder_.path(), "--history", file_};
  const Finished first = bootrig(words);
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "1 of 1 reports taken into the history; 0 were there already\n");
  EXPECT_EQ(bootrig(words).out, "0 of 1 reports taken into the history; 1 were there already\n");
  const Json runs = list()["runs"];
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0]["totals"]["fail"], 1);
  EXPECT_EQ(runs[0]["folder"], (folder_.path() / "run").string());
}

// Whether a run is written by itself or taken in from its report makes no difference.
TEST_F(HistoryOfRuns, AReportHoldsWhatTheRunWrote) {
  EXPECT_EQ(run({"bad/*@virt", "good/off@virt"}).code, 1);
  const fs::path other = folder_.path() / "other.sqlite";
  EXPECT_EQ(bootrig({"history", "import", folder_.path() / "run", "--history", other}).code, 0);
  const auto a = History::open(file_), b = History::open(other);
  ASSERT_TRUE(a && b);
  const auto left = a->run(1), right = b->run(1);
  ASSERT_TRUE(left && right);
  ASSERT_EQ(left->results.size(), right->results.size());
  EXPECT_EQ(left->info.started_at_ms, right->info.started_at_ms);
  EXPECT_EQ(left->folder, right->folder);
  for (std::size_t i = 0; i < left->results.size(); ++i) {
    EXPECT_EQ(left->results[i].cell, right->results[i].cell);
    EXPECT_EQ(left->results[i].signature, right->results[i].signature);
    EXPECT_EQ(left->results[i].standing, right->results[i].standing);
    EXPECT_EQ(left->results[i].image_sha256, right->results[i].image_sha256);
    EXPECT_EQ(left->results[i].wall, right->results[i].wall);
  }
}

TEST_F(HistoryOfRuns, ReportsThatAreNone) {
  const auto refusal = [&](const fs::path& path) {
    const Finished finished = bootrig({"history", "import", path, "--history", file_});
    EXPECT_NE(finished.code, 0);
    return finished.err;
  };
  const std::string here = folder_.path().string();
  fs::create_directories(folder_.path() / "empty");
  EXPECT_EQ(refusal(folder_.path() / "none"), "bootrig: " + here + "/none: there is no such file or folder\n");
  EXPECT_EQ(refusal(folder_.path() / "empty"),
            "bootrig: " + here + "/empty: holds no report.json, nor does a folder below it\n");
  const fs::path a = folder_.put("a.json", R"({"schema": "bootrig-report-9"})");
  EXPECT_EQ(refusal(a), "bootrig: " + a.string() +
                            ": is no report of a run: its schema is 'bootrig-report-9', not 'bootrig-report-1'\n");
  const fs::path b = folder_.put("b.json", "[]");
  EXPECT_EQ(refusal(b),
            "bootrig: " + b.string() + ": is no report of a run: report: an object is missing or of another type\n");
  const fs::path c = folder_.put("c.json", R"({"schema": "bootrig-report-1", "run": {"name": 7}})");
  EXPECT_EQ(refusal(c), "bootrig: " + c.string() + ": run: a string 'name' is missing or of another type\n");
  const fs::path d = folder_.put("d.json", "{");
  EXPECT_TRUE(refusal(d).starts_with("bootrig: " + d.string() + ":1:")) << refusal(d);
  const Finished off = bootrig({"history", "--history", "off"});
  EXPECT_EQ(off.code, 2);
  EXPECT_EQ(off.err, "bootrig: --history: is off: there is no history to read\n");
}

}  // namespace
}  // namespace bootrig
