#include "run/journal.h"

#include <gtest/gtest.h>

#include "run/result_json.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Every field has a value of its own, so that one that is swapped or forgotten shows.
RunResult full_result(const std::string& id) {
  Attempt attempt;
  attempt.verdict = {VerdictKind::kFail, Cause::kException, "attempt's detail \xff"};
  attempt.verdict.root_cause = "attempt's root cause";
  attempt.diagnosis =
      Diagnosis{"headline", {"finding 1", "finding 2"}, RootCause{"name", "what", "change"}, {"missing"}, "signature"};
  attempt.folder = "cells/boot/hello/virt,gic=3/attempt-1";
  Outcome& outcome = attempt.outcome;
  outcome.termination = Termination::kSignature;
  outcome.exit_status = "exit status 3";
  outcome.matched = 4;
  outcome.expected = 9;
  outcome.completed_at = 77;
  outcome.hit = SignatureHit{"name", true, SignatureKind::kException, {11, 12, "hit line"}};
  outcome.divergence =
      Divergence{"place:1", "expected", SeenLine{5, 6, "seen"}, {{1, 2, "before"}}, {{7, 8, "after"}}, true};
  outcome.boot_stage_over = true;
  outcome.captures = {{"base", "0x40"}};
  outcome.bytes = 1001;
  outcome.lines = 33;
  outcome.bytes_dropped = 21;
  outcome.transcript_sha256 = "ef01";
  outcome.transcript_hashed = 13;
  outcome.last_lines = {{32, 990, "last"}};
  outcome.limit = 10s;
  outcome.wall = 1234ms;
  outcome.first_output = 55ms;
  outcome.last_output = 77ms;
  outcome.starved = 6ms;
  outcome.machine.argv = {"qemu", "-m", "1G"};
  outcome.machine.accelerator = "tcg";
  outcome.machine.emulator_version = "7.2.22";
  outcome.machine.errors = "warning";
  outcome.machine.cpu_time = 444ms;
  outcome.accelerator_asked = "kvm";

  RunResult result;
  result.id = id;
  result.scenario = "boot/hello";
  result.scenario_summary = "summary";
  result.target = "virt[gic=3]";
  result.target_name = "virt";
  result.target_values = {{"gic", "3"}, {"level", "1"}};
  result.image = "reference-hello";
  result.image_sha256 = "abcd";
  result.verdict = {VerdictKind::kError, Cause::kHost, "detail"};
  result.standing = Standing::kWrongFailure;
  result.expected_failure = ExpectedFailure{"fail", "exception", "upper-table", "text", "why"};
  result.quarantine = "owner";
  result.attempts.push_back(attempt);
  attempt.verdict = {VerdictKind::kPass};
  result.recheck = attempt;
  result.repeat_command = "bootrig run x";
  result.duration = 2s;
  result.started_at_ms = 1700000000123;
  return result;
}

Result<void> append(Journal& journal, const std::string& id) {
  const RunResult result = full_result(id);
  return journal.append({&result});
}

TEST(Journal, ResultsSurviveTheRoundTrip) {
  const RunResult result = full_result("boot/hello@virt[gic=3]");
  const std::string text = write_json(to_json(result));
  const auto back = result_from_json(parse_json("test", text).value());
  ASSERT_TRUE(back) << to_text(back.error());
  EXPECT_EQ(write_json(to_json(*back)), text);
  EXPECT_EQ(back->attempts.at(0).outcome.wall, 1234ms);
  EXPECT_EQ(back->attempts.at(0).outcome.divergence->after.at(0).text, "after");
}

TEST(Journal, RefusesWhatIsNoResult) {
  for (const char* text : {"{}", "[]", "3", R"({"id": 4})", R"({"id": "x", "verdict": {"kind": "maybe"}})"}) {
    EXPECT_FALSE(result_from_json(parse_json("test", text).value())) << text;
  }
}

class JournalFile : public ::testing::Test {
 protected:
  JournalFile() : path_(folder_.path() / "journal.jsonl") {
    Journal journal = Journal::create(path_, "print").value();
    EXPECT_TRUE(append(journal, "a"));
    EXPECT_TRUE(append(journal, "b"));
  }
  TestFolder folder_;
  fs::path path_;
};

TEST_F(JournalFile, ReadsBack) {
  const JournalContents contents = read_journal(path_).value();
  EXPECT_EQ(contents.fingerprint, "print");
  ASSERT_EQ(contents.results.size(), 2u);
  EXPECT_EQ(contents.results[1].id, "b");
}

// Whatever byte a kill cuts it at: whole lines are read, and what is appended after it is whole again.
TEST_F(JournalFile, SurvivesACutAtEveryByte) {
  const std::string whole = read_file(path_).value();
  const std::size_t header = whole.find('\n') + 1;
  const std::size_t second = whole.find('\n', header) + 1;
  for (std::size_t size = header; size < whole.size(); size += size % 97 + 1) {
    ASSERT_TRUE(write_file(path_, whole.substr(0, size)));
    Journal journal = Journal::reopen(path_).value();
    ASSERT_TRUE(append(journal, "c"));
    const JournalContents contents = read_journal(path_).value();
    ASSERT_EQ(contents.results.size(), size < second ? 1u : 2u) << size;
    EXPECT_EQ(contents.results.back().id, "c");
  }
}

TEST_F(JournalFile, CountsEachResultOnce) {
  Journal journal = Journal::reopen(path_).value();
  ASSERT_TRUE(append(journal, "a"));
  EXPECT_EQ(read_journal(path_).value().results.size(), 2u);
}

TEST_F(JournalFile, RefusesWhatIsNoJournal) {
  ASSERT_TRUE(write_file(path_, "{\"some\": \"json\"}\n"));
  EXPECT_EQ(to_text(read_journal(path_).error()), path_.string() + ":1: is no journal of a bootrig run");
  ASSERT_TRUE(write_file(path_, ""));
  EXPECT_EQ(to_text(read_journal(path_).error()), path_.string() + ": is no journal of a bootrig run");
}

}  // namespace
}  // namespace bootrig
