#include "history/history.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "history/sql.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

ResultRecord passed(const std::string& cell, unsigned repetition = 1) {
  ResultRecord result;
  result.cell = cell;
  result.repetition = repetition;
  result.image = "probe";
  result.image_sha256 = std::string(64, 'a');
  result.attempts = 1;
  result.duration = std::chrono::milliseconds(120);
  result.wall = std::chrono::milliseconds(100);
  result.first_output = std::chrono::milliseconds(40);
  result.started_at_ms = 5;
  return result;
}

ResultRecord failed(const std::string& cell, const std::string& signature) {
  ResultRecord result = passed(cell);
  result.verdict = VerdictKind::kFail;
  result.cause = Cause::kException;
  result.standing = Standing::kFailed;
  result.signature = signature;
  result.root_cause = "table-not-linked";
  result.detail = "a line with \x01 and \xff";
  return result;
}

RunRecord run_at(std::int64_t at_ms, const std::string& revision, std::vector<ResultRecord> results) {
  RunRecord run;
  run.info = {.name = "nightly",
              .command = "bootrig run",
              .host = "host",
              .emulator = "QEMU 7.2.22",
              .revision = revision,
              .tool_version = "0.1.0",
              .started_at_ms = at_ms,
              .planned = results.size()};
  run.folder = "/out";
  run.results = std::move(results);
  return run;
}

class HistoryFile : public ::testing::Test {
 protected:
  History create() {
    auto history = History::create(path_);
    EXPECT_TRUE(history) << to_text(history.error());
    return std::move(*history);
  }
  void add(History& history, const RunRecord& run) {
    const auto added = history.add(run);
    ASSERT_TRUE(added) << to_text(added.error());
    EXPECT_TRUE(*added);
  }
  // What opening says.
  std::string refusal() {
    const auto history = History::create(path_);
    if (history) return "none";
    EXPECT_EQ(history.error().place, path_.string());
    return history.error().message;
  }

  TestFolder folder_;
  fs::path path_ = folder_.path() / "deep/history.sqlite";
};

TEST_F(HistoryFile, KeepsAllOfARun) {
  RunRecord before = run_at(1000, "abcdef123456", {passed("a@virt"), passed("a@virt", 2), failed("b@virt", "sig")});
  before.info.planned = 5;
  before.missing = 2;
  {
    History history = create();
    add(history, before);
  }
  const auto history = History::open(path_);
  ASSERT_TRUE(history);
  const auto run = history->run(1);
  ASSERT_TRUE(run) << to_text(run.error());
  EXPECT_EQ(run->id, 1);
  EXPECT_EQ(run->info.name, "nightly");
  EXPECT_EQ(run->info.command, "bootrig run");
  EXPECT_EQ(run->info.host, "host");
  EXPECT_EQ(run->info.emulator, "QEMU 7.2.22");
  EXPECT_EQ(run->info.revision, "abcdef123456");
  EXPECT_EQ(run->info.tool_version, "0.1.0");
  EXPECT_EQ(run->info.started_at_ms, 1000);
  EXPECT_EQ(run->info.planned, 5u);
  EXPECT_EQ(run->missing, 2u);
  EXPECT_EQ(run->folder, "/out");
  ASSERT_EQ(run->results.size(), 3u);
  const ResultRecord& result = run->results[2];
  EXPECT_EQ(result.cell, "b@virt");
  EXPECT_EQ(result.verdict, VerdictKind::kFail);
  EXPECT_EQ(result.cause, Cause::kException);
  EXPECT_EQ(result.standing, Standing::kFailed);
  EXPECT_EQ(result.root_cause, "table-not-linked");
  EXPECT_EQ(result.signature, "sig");
  EXPECT_EQ(result.detail, "a line with \x01 and \xff");
  EXPECT_EQ(result.image, "probe");
  EXPECT_EQ(result.image_sha256, std::string(64, 'a'));
  EXPECT_EQ(result.attempts, 1u);
  EXPECT_EQ(result.duration, std::chrono::milliseconds(120));
  EXPECT_EQ(result.wall, std::chrono::milliseconds(100));
  EXPECT_EQ(result.first_output, std::chrono::milliseconds(40));
  EXPECT_EQ(result.started_at_ms, 5);
  EXPECT_EQ(run->results[1].repetition, 2u);
}

TEST_F(HistoryFile, ListsRunsTheLatestFirst) {
  History history = create();
  add(history, run_at(3000, "c", {passed("a@virt"), failed("b@virt", "s")}));
  add(history, run_at(1000, "a", {passed("a@virt")}));
  add(history, run_at(2000, "b", {passed("a@virt")}));
  const auto rows = history.runs(2);
  ASSERT_TRUE(rows && rows->size() == 2);
  EXPECT_EQ((*rows)[0].run.info.revision, "c");
  EXPECT_EQ((*rows)[0].totals.passed, 1u);
  EXPECT_EQ((*rows)[0].totals.failed, 1u);
  EXPECT_EQ((*rows)[1].run.info.revision, "b");
}

TEST_F(HistoryFile, TheSameRunIsThereOnce) {
  History history = create();
  add(history, run_at(1000, "a", {passed("a@virt")}));
  const auto again = history.add(run_at(1000, "a", {passed("a@virt"), passed("b@virt")}));
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(history.run(1)->results.size(), 1u);
  add(history, run_at(1001, "a", {passed("a@virt")}));
}

TEST_F(HistoryFile, FindsARunByItsNames) {
  History history = create();
  add(history, run_at(3000, "feedbeef0000", {passed("a@virt")}));
  add(history, run_at(1000, "123456789abc", {passed("a@virt")}));
  add(history, run_at(2000, "feedbeef0000+", {passed("a@virt")}));
  EXPECT_EQ(history.find("last").value_or(0), 1);
  EXPECT_EQ(history.find("last~1").value_or(0), 3);
  EXPECT_EQ(history.find("last~2").value_or(0), 2);
  EXPECT_EQ(history.find("2").value_or(0), 2);
  EXPECT_EQ(history.find("feed").value_or(0), 1) << "the latest of the revision";
  EXPECT_EQ(history.find("feedbeef0000+").value_or(0), 3);
  EXPECT_EQ(history.find("123456").value_or(0), 2) << "a revision of digits alone";
  for (const char* name : {"last~3", "last~", "last~x", "4", "fee", "0000", "", "feedbeef0000++", "%%%%"}) {
    EXPECT_FALSE(history.find(name)) << name;
  }
}

TEST_F(HistoryFile, TheLatestOfACellPassesOverRunsWithoutIt) {
  History history = create();
  ResultRecord skipped = passed("a@virt");
  skipped.standing = Standing::kSkipped;
  skipped.verdict = VerdictKind::kSkip;
  add(history, run_at(1000, "a", {failed("a@virt", "s")}));
  add(history, run_at(2000, "b", {passed("b@virt")}));
  add(history, run_at(3000, "c", {skipped}));
  add(history, run_at(4000, "d", {passed("a@virt"), passed("a@virt", 2)}));
  const auto before = history.latest_of("a@virt", 4000);
  ASSERT_TRUE(before && *before);
  EXPECT_EQ((**before).info.revision, "a");
  ASSERT_EQ((**before).results.size(), 1u);
  EXPECT_EQ((**before).results[0].signature, "s");
  EXPECT_EQ((**history.latest_of("a@virt", 4001)).results.size(), 2u);
  EXPECT_FALSE(*history.latest_of("a@virt", 1000));
  EXPECT_FALSE(*history.latest_of("c@virt", 9000));
}

TEST_F(HistoryFile, TheFirstFailureOfARowOfThem) {
  History history = create();
  add(history, run_at(1000, "a", {failed("a@virt", "s")}));
  add(history, run_at(2000, "b", {passed("a@virt")}));
  add(history, run_at(3000, "c", {failed("a@virt", "s")}));
  add(history, run_at(4000, "d", {passed("b@virt")}));
  add(history, run_at(5000, "e", {failed("a@virt", "s")}));
  const auto since = history.first_failure("a@virt", "s", 6000);
  ASSERT_TRUE(since && *since);
  EXPECT_EQ((**since).revision, "c");
  EXPECT_EQ((**since).at_ms, 3000);
  EXPECT_EQ((**since).run, 3);
  EXPECT_EQ((**history.first_failure("a@virt", "s", 2000)).revision, "a");
  EXPECT_FALSE(*history.first_failure("a@virt", "s", 3000)) << "its last run before passed";
  EXPECT_FALSE(*history.first_failure("a@virt", "other", 6000));
  EXPECT_FALSE(*history.first_failure("none@virt", "s", 6000));
  add(history, run_at(5500, "f", {failed("a@virt", "other")}));
  EXPECT_FALSE(*history.first_failure("a@virt", "s", 6000)) << "another failure ends the row";
}

TEST_F(HistoryFile, APassWithTheSameBytes) {
  History history = create();
  add(history, run_at(1000, "a", {passed("a@virt")}));
  const std::string sha(64, 'a');
  EXPECT_TRUE(*history.passed_with("a@virt", sha, "a", "QEMU 7.2.22"));
  EXPECT_FALSE(*history.passed_with("a@virt", std::string(64, 'b'), "a", "QEMU 7.2.22"));
  EXPECT_FALSE(*history.passed_with("a@virt", sha, "b", "QEMU 7.2.22"));
  EXPECT_FALSE(*history.passed_with("a@virt", sha, "a", "QEMU 8.0.0")) << "another emulator is another machine";
  EXPECT_FALSE(*history.passed_with("b@virt", sha, "a", "QEMU 7.2.22"));
}

TEST_F(HistoryFile, AResumedRunTakesThePlaceOfTheUnfinished) {
  History history = create();
  RunRecord unfinished = run_at(1000, "a", {passed("a@virt")});
  unfinished.missing = 3;
  add(history, unfinished);
  add(history, run_at(2000, "a", {passed("a@virt")}));
  unfinished.info.started_at_ms = 3000;
  unfinished.folder = "/elsewhere";
  add(history, unfinished);
  ASSERT_TRUE(history.forget_unfinished("/out"));
  const auto rows = history.runs(10);
  ASSERT_TRUE(rows);
  std::vector<std::int64_t> ids;
  for (const RunRow& row : *rows) ids.push_back(row.run.id);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{3, 2}));
  EXPECT_FALSE(*history.latest_of("a@virt", 1500));
}

TEST_F(HistoryFile, ARunThatWasKilledCountsAllAsMissing) {
  History history = create();
  const RunRecord run = run_at(1000, "a", {passed("a@virt"), passed("b@virt")});
  const auto id = history.begin_run(run);
  ASSERT_TRUE(id && *id);
  EXPECT_EQ(history.run(**id)->missing, 2u);
}

TEST_F(HistoryFile, ManyAtOnceLoseNothing) {
  constexpr int kThreads = 4, kRuns = 25;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kRuns; ++i) {
        // Each opens it anew, as each bootrig does; the first ones make it at once.
        auto history = History::create(path_);
        ASSERT_TRUE(history) << to_text(history.error());
        const auto added = history->add(run_at(thread * 1000 + i, "a", {passed("a@virt"), failed("b@virt", "s")}));
        ASSERT_TRUE(added) << to_text(added.error());
        EXPECT_TRUE(*added);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto rows = create().runs(1000);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), std::size_t{kThreads * kRuns});
  for (const RunRow& row : *rows) EXPECT_EQ(row.totals.total(), 2u) << row.run.id;
}

TEST_F(HistoryFile, ThatIsNoDatabase) {
  folder_.put("deep/history.sqlite", std::string(4096, 'x'));
  EXPECT_EQ(refusal(), "is no history: it is not an SQLite database");
}

TEST_F(HistoryFile, ThatIsCutOff) {
  {
    History history = create();
    std::vector<ResultRecord> many;
    for (unsigned i = 1; i <= 500; ++i) many.push_back(passed("a@virt", i));
    add(history, run_at(1000, "a", std::move(many)));
  }
  fs::resize_file(path_, 8192);
  auto history = History::create(path_);
  const auto added =
      history ? history->add(run_at(2000, "a", {passed("a@virt")})) : Result<bool>(std::unexpected(history.error()));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message, "the history is damaged: move the file away to begin a new one");
}

TEST_F(HistoryFile, OfANewerBootrig) {
  create();
  ASSERT_TRUE(Sql::open(path_, false)->run("PRAGMA user_version = 7"));
  EXPECT_EQ(refusal(),
            "the history is of a newer bootrig (its tables have version 7, this bootrig knows 1); use that one, or "
            "name another file with --history");
}

TEST_F(HistoryFile, WithOthersTables) {
  fs::create_directories(path_.parent_path());
  ASSERT_TRUE(Sql::open(path_, true)->run("CREATE TABLE birds (name TEXT)"));
  EXPECT_EQ(refusal(), "is no history: the database has other tables");
}

TEST_F(HistoryFile, ThatCannotBeMade) {
  fs::create_directories(path_);
  EXPECT_EQ(refusal(), "the history cannot be used: unable to open database file");
}

TEST_F(HistoryFile, OpenDoesNotMakeOne) {
  const auto history = History::open(path_);
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().message, "there is no history yet: 'bootrig run' begins one, 'bootrig history import' too");
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace bootrig
