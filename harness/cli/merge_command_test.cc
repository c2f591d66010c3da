// Shards that ran apart are one run after bootrig merge; what is lost or foreign is seen.
#include <set>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class Merge : public ::testing::Test {
 protected:
  // The three shards are run once for all tests; each test changes copies.
  static void SetUpTestSuite() {
    shards_ = std::make_unique<TestFolder>();
    for (const char* shard : {"1/3", "2/3", "3/3"}) run_shard(shard, shards_->path() / std::string(1, shard[0]));
  }
  static void TearDownTestSuite() { shards_.reset(); }

  static void run_shard(const std::string& shard, const fs::path& output, const Words& more = {}) {
    Words words{"run",          "--project", small_project(), "--shard",  shard,
                "--no-history", "--html",    "off",           "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = bootrig(words);
    ASSERT_NE(finished.code, 2) << finished.err;
  }

  Merge() {
    fs::copy(shards_->path(), folder_.path(), fs::copy_options::recursive);
    fs::copy(shards_->path(), folder_.path() / "again", fs::copy_options::recursive);
  }
  std::string shard(int number) const { return (folder_.path() / std::to_string(number)).string(); }
  fs::path journal(int number) const { return fs::path(shard(number)) / "journal.jsonl"; }
  fs::path plan(int number) const { return fs::path(shard(number)) / "plan.jsonl"; }
  fs::path merged() const { return folder_.path() / "merged"; }

  Finished merge(const Words& folders, const Words& more = {"--no-history", "--html", "off"}) const {
    Words words{"merge", "--output", merged()};
    words.insert(words.end(), folders.begin(), folders.end());
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  void expect_refused(const Words& folders, const std::string& message) const {
    const Finished finished = merge(folders);
    EXPECT_EQ(finished.code, 2) << finished.out;
    EXPECT_EQ(finished.err, "bootrig: " + message + "\n");
  }

  static std::unique_ptr<TestFolder> shards_;
  TestFolder folder_;
};

std::unique_ptr<TestFolder> Merge::shards_;

TEST_F(Merge, IsAsIfAllHadRunHere) {
  const fs::path here = folder_.path() / "here", history = folder_.path() / "history.sqlite";
  ASSERT_EQ(bootrig({"run", "--project", small_project(), "--no-history", "--html", "off", "--output", here}).code, 1);
  const Finished finished = merge({shard(2), shard(3), shard(1)}, {"--history", history});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(finished.err, "");
  EXPECT_NE(finished.out.find("8 passed, 2 failed"), std::string::npos) << finished.out;

  const Report local = report_of(here), together = report_of(merged());
  EXPECT_EQ(together.standings(), local.standings());
  EXPECT_EQ(together.totals, local.totals);
  EXPECT_EQ(together.planned, 10);
  EXPECT_EQ(together.missing, 0);
  EXPECT_EQ(against_schema(source_path("reports/report.schema.json"), text_of(merged() / "report.json")), "");
  EXPECT_EQ(xpath(merged() / "junit.xml", "//testcase").size(), 10u);
  EXPECT_TRUE(fs::exists(merged() / "report.html"));
  for (const Row& row : together.rows) {
    EXPECT_EQ(text_of(row.folders.at(0) + "/transcript.raw"),
              text_of(local.row(row.id).folders.at(0) + "/transcript.raw"))
        << row.id;
  }
  // What failed is told with the console's lines, can be looked into, and is remembered.
  EXPECT_NE(finished.out.find("FAIL bad/fourth@virt  failed: missing-output"), std::string::npos) << finished.out;
  EXPECT_EQ(bootrig({"triage", merged()}).out, bootrig({"triage", here}).out);
  EXPECT_NE(bootrig({"history", "--history", history}).out.find("8 passed"), std::string::npos);
}

TEST_F(Merge, OfAShardThatIsMissingMakesErrors) {
  const Finished finished = merge({shard(1), shard(3)});
  EXPECT_EQ(finished.code, 1);
  EXPECT_EQ(finished.err, "bootrig: shard 2/3 is missing: 3 testcases of it are errors\n");
  const Report report = report_of(merged());
  EXPECT_EQ(report.rows.size(), 10u);
  EXPECT_EQ(report.missing, 0);
  std::set<std::string> lost;
  for (const Row& row : report.rows) {
    if (row.kind != "error") continue;
    EXPECT_EQ(row.cause, "host");
    EXPECT_EQ(row.detail, "shard 2/3 is missing: it has no result");
    lost.insert(row.id);
  }
  std::set<std::string> second;
  for (const Row& row : report_of(shard(2)).rows) second.insert(row.id);
  EXPECT_EQ(lost, second);
  // They can still be booted, here.
  const Finished resumed =
      bootrig({"run", "--project", small_project(), "--no-history", "--html", "off", "--output", merged(), "--resume"});
  EXPECT_EQ(resumed.code, 1) << resumed.err;
  EXPECT_NE(resumed.out.find("8 passed, 2 failed"), std::string::npos) << resumed.out;
}

TEST_F(Merge, OfATornLineSaysSo) {
  const std::string whole = text_of(journal(2));
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  ASSERT_TRUE(write_file(journal(2), whole.substr(0, last + 20)));
  const Finished finished = merge({shard(1), shard(2), shard(3)});
  EXPECT_EQ(finished.code, 1);
  EXPECT_EQ(finished.err, "bootrig: shard 2/3 (" + shard(2) + ") ended early: 1 testcase of it is an error\nbootrig: " +
                              journal(2).string() + ": the last line is cut off (20 bytes); what it told is lost\n");
  EXPECT_EQ(report_of(merged()).totals.at("error"), 1);
  EXPECT_EQ(report_of(merged()).rows.size(), 10u);
}

TEST_F(Merge, OfAJournalThatWasNeverBegunMakesErrors) {
  fs::remove(journal(1));
  ASSERT_TRUE(write_file(journal(3), ""));
  EXPECT_EQ(merge({shard(1), shard(2), shard(3)}).code, 1);
  EXPECT_EQ(report_of(merged()).totals.at("error"), 7);
}

TEST_F(Merge, CountsAResultThatCameTwiceOnce) {
  const std::string whole = text_of(journal(2));
  const std::string last = whole.substr(whole.rfind('\n', whole.size() - 2) + 1);
  ASSERT_TRUE(write_file(journal(2), whole + last));
  const Finished finished = merge({shard(1), shard(2), shard(3)});
  EXPECT_EQ(finished.code, 1);
  EXPECT_TRUE(finished.err.starts_with("bootrig: " + journal(2).string() + ": '")) << finished.err;
  EXPECT_TRUE(finished.err.ends_with("' has two results; the first counts\n")) << finished.err;
  EXPECT_EQ(report_of(merged()).standings().size(), 10u);
}

TEST_F(Merge, RefusesWhatDoesNotBelongTogether) {
  expect_refused({folder_.path()}, folder_.path().string() +
                                       ": is no folder of a run: it has no plan.jsonl; 'bootrig run' writes one to its "
                                       "--output");
  const std::string again = (folder_.path() / "again/2").string();
  expect_refused({shard(1), shard(2), again}, again + ": is shard 2/3, and so is " + shard(2));

  run_shard("2/2", again);
  expect_refused({shard(1), again}, again + ": is one of 2 shards, not of 3, as " + shard(1) + " is");
  run_shard("2/3", again, {"-m", "bad"});
  expect_refused(
      {shard(1), again},
      again + ": is of another selection: it has no 'good/idle@virt[gic=2,level=1]', as " + shard(1) + " is");
}

TEST_F(Merge, RefusesAnotherRevisionOrVersion) {
  const std::string head = text_of(plan(2)).substr(0, text_of(plan(2)).find('\n'));
  const std::string key = R"("revision":")", version = R"("tool-version":")";
  const std::size_t revision = head.find(key) + key.size(), tool = head.find(version) + version.size();
  const std::string before = head.substr(revision, head.find('"', revision) - revision);
  edit(plan(2), key + before, key + "0123456789ab");
  expect_refused({shard(1), shard(2)}, shard(2) + ": is of revision 0123456789ab, not " +
                                           (before.empty() ? "none" : before) + ", as " + shard(1) + " is");
  edit(plan(2), key + "0123456789ab", key + before);
  const std::string ours = head.substr(tool, head.find('"', tool) - tool);
  edit(plan(2), version + ours, version + "0.0.1");
  expect_refused({shard(1), shard(2)},
                 shard(2) + ": was run by bootrig 0.0.1, not " + ours + ", as " + shard(1) + " is");
}

TEST_F(Merge, RefusesAJournalThatIsNotItsPlans) {
  const std::string foreign = text_of(journal(1));
  const std::string line = foreign.substr(foreign.rfind('\n', foreign.size() - 2) + 1);
  const std::string own = text_of(journal(2));
  ASSERT_TRUE(write_file(journal(2), own + line));
  const Finished strange = merge({shard(1), shard(2), shard(3)});
  EXPECT_EQ(strange.code, 2);
  EXPECT_NE(strange.err.find(journal(2).string() + ": has a result of '"), std::string::npos) << strange.err;
  EXPECT_NE(strange.err.find("', which is not in shard 2/3\n"), std::string::npos) << strange.err;

  ASSERT_TRUE(write_file(journal(2), foreign));
  expect_refused({shard(1), shard(2), shard(3)},
                 journal(2).string() + ": is of other testcases than shard 2/3 of the plan has");
  ASSERT_TRUE(write_file(journal(2), own + "{\"id\": 3}\n"));
  EXPECT_EQ(merge({shard(2)}).code, 2);
  ASSERT_TRUE(write_file(plan(2), "{}\n"));
  expect_refused({shard(2)}, plan(2).string() + ":1: is no plan of a bootrig run");
}

TEST_F(Merge, NeverWritesIntoWhatItReads) {
  const Finished finished = bootrig({"merge", shard(1), "--output", shard(1)});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: --output: " + shard(1) + " is one of the folders to merge\n");
  EXPECT_TRUE(fs::exists(fs::path(shard(1)) / "cells"));
}

TEST_F(Merge, OfNamesThatLeadOutOfTheFolderIsRefused) {
  const std::string id = report_of(shard(2)).rows.at(0).id;
  const std::string scenario = id.substr(0, id.find('@'));
  std::string text = text_of(plan(2));
  for (std::size_t at = text.find(scenario + "@"); at != std::string::npos; at = text.find(scenario + "@", at + 12)) {
    text.replace(at, scenario.size(), "../../../x");
  }
  ASSERT_TRUE(write_file(plan(2), text));
  const Finished finished = merge({shard(2)});
  EXPECT_EQ(finished.code, 2) << finished.out;
  EXPECT_FALSE(fs::exists(merged() / "../../../x"));
}

// A run that was killed has a journal and no reports.
TEST_F(Merge, ReportsARunThatWasKilled) {
  const fs::path killed = folder_.path() / "killed";
  Invocation run({"run", "--project", small_project(), "good/off@virt", "bad/hang@virt", "-j1", "--no-history",
                  "--output", killed});
  ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] {
    return fs::exists(killed / "journal.jsonl") && split_lines(text_of(killed / "journal.jsonl")).size() > 1;
  }));
  run.signal(9);
  (void)run.wait();
  const Finished finished = merge({killed});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(report_of(merged()).standings(), (Words{"bad/hang@virt error", "good/off@virt pass"}));
}

TEST_F(Merge, OfShardsThatWereDealtOutByDurations) {
  const std::string report = (fs::path(shard(1)) / "report.json").string();
  Words together;
  for (const char* shard : {"1/2", "2/2"}) {
    const Finished part = bootrig({"run", "--project", small_project(), "-n", "--shard", shard, "--durations", report});
    ASSERT_EQ(part.code, 0) << part.err;
    for (const std::string_view id : split_lines(part.out)) together.emplace_back(id);
  }
  EXPECT_EQ(std::set<std::string>(together.begin(), together.end()).size(), 10u);
  EXPECT_EQ(together.size(), 10u);
  const Finished none = bootrig({"run", "--project", small_project(), "-n", "--shard", "1/2", "--durations", "none"});
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(none.err.starts_with("bootrig: --durations: none")) << none.err;
}

}  // namespace
}  // namespace bootrig
