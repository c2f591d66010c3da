#include "reports/terminal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/console_text.h"
#include "base/text.h"
#include "reports/samples_test.h"
#include "reports/summary.h"
#include "testing/manual_clock.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// What a reporter printed so far.
class Printed {
 public:
  Printed() : file_(::open_memstream(&bytes_, &size_)) {}
  ~Printed() {
    std::fclose(file_);
    std::free(bytes_);
  }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  std::FILE* file() const { return file_; }
  // What came since it was last asked.
  std::string take() {
    std::fflush(file_);
    const std::string text(bytes_ + taken_, size_ - taken_);
    taken_ = size_;
    return text;
  }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0, taken_ = 0;
  std::FILE* file_;
};

// A whole run in a log, two seconds for each result.
std::string log_of(const std::vector<RunResult>& results, const Style& style, std::size_t missing = 0) {
  Printed printed;
  ManualClock clock;
  TerminalReporter reporter({.output = printed.file(), .is_terminal = false, .style = style}, clock);
  RunInfo run = sample_run();
  run.planned = results.size() + missing;
  reporter.begin(run);
  for (const RunResult& result : results) {
    reporter.started(result.id);
    clock.advance(2s);
    reporter.finished(result);
  }
  EXPECT_TRUE(reporter.end(run, totals_of(results), missing));
  return printed.take();
}

void expect_fits(const std::string& text, std::size_t width) {
  for (const std::string_view line : split_lines(text)) {
    if (trim(line).starts_with("repeat ") || trim(line).starts_with("transcript ")) continue;
    EXPECT_LE(columns_of(line), width) << line;
  }
}

TEST(Terminal, ReadsAsApproved) {
  for (const std::size_t width : {80, 120, 200}) {
    const std::string text = log_of(sample_results(), {.width = width}, 3);
    expect_fits(text, width);
    expect_approved(fmt::format("terminal-{}.txt", width), text);
  }
}

// It may be on, whatever its testcase did.
TEST(Terminal, BoardThatCouldNotBePutAwayIsTold) {
  RunResult result = passed_sample("boot/hello", "2");
  Outcome& outcome = result.attempts.back().outcome;
  outcome.machine.errors = "board 'rack': power off: 'outlet off' ended with exit status 1\n";
  EXPECT_EQ(log_of({result}, {}).find("outlet"), std::string::npos) << "an emulator's words";
  outcome.accelerator_asked = "none";
  const std::string text = log_of({result}, {});
  EXPECT_NE(text.find("\n" + result.id + ": board 'rack': power off: 'outlet off' ended with exit status 1\n"),
            std::string::npos)
      << text;
}

TEST(Terminal, ColoursAndPassesWhenAsked) {
  const std::string text = log_of({passed_sample("boot/hello", "2"), diverged_sample("2"), flaky_sample()},
                                  {.width = 100, .colour = true, .verbose = true});
  expect_approved("terminal-colour.txt", text);
  EXPECT_EQ(log_of(sample_results(), {.width = 100}).find('\x1b'), std::string::npos);
}

TEST(Terminal, APlainRunIsShort) {
  expect_approved("terminal-passed.txt", log_of({passed_sample("boot/hello", "2"), passed_sample("boot/hello", "3"),
                                                 expected_failure_sample()},
                                                {.width = 100}));
}

TEST(Terminal, SubtestsThatFailedStandBelow) {
  RunResult result = diverged_sample("3");
  result.subtests = {{"s.a", Subtest::Status::kPass, "", 1}};
  for (int i = 0; i < 12; ++i) result.subtests.push_back({"s.b", Subtest::Status::kFail, "why\x1b[2J", 2});
  const std::string line = result_line(result, {});
  EXPECT_NE(line.find("\n       not ok  s.b: why"), std::string::npos) << line;
  EXPECT_NE(line.find("\n       and 2 more subtests failed\n"), std::string::npos);
  EXPECT_EQ(line.find("s.a"), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(Terminal, NothingRunIsSaid) {
  EXPECT_NE(log_of({}, {.width = 80}).find("\nnothing was run in 0.00 s\n"), std::string::npos);
}

TEST(Terminal, AnyWidthIsKept) {
  for (const std::size_t width : {40, 61, 99}) expect_fits(log_of(sample_results(), {.width = width}), width);
  EXPECT_FALSE(log_of(sample_results(), {.width = 1}).empty());
  EXPECT_FALSE(log_of(sample_results(), {.width = 0}).empty());
}

TEST(Terminal, GuestsCannotSpeakToTheTerminalOrTheServer) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  bytes += "\n::error::forged\n\x1b]0;title\x07";
  RunResult result = diverged_sample("3");
  result.id = result.target = result.verdict.detail = result.repeat_command = bytes;
  result.attempts[0].folder = bytes;
  Divergence& divergence = *result.attempts[0].outcome.divergence;
  divergence.expected = divergence.seen->text = divergence.place = bytes;
  RunResult skipped = skipped_sample("boot/x", "::error::" + bytes);
  const std::string text = log_of({result, skipped}, {.width = 120});
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
  for (const std::string_view line : split_lines(text)) EXPECT_FALSE(trim(line).starts_with("::")) << line;
}

TEST(Terminal, TheSameFailureIsToldOnce) {
  std::vector<RunResult> results;
  for (int i = 0; i < 100; ++i) {
    RunResult result = diverged_sample("2");
    result.target = fmt::format("virt[memory={}M]", 128 + i);
    result.id = "boot/hello@" + result.target;
    results.push_back(result);
  }
  results.push_back(silent_sample());
  Summary summary;
  for (const RunResult& result : results) summary.add(result);
  const std::string text = summary.text({.width = 100});
  expect_fits(text, 100);
  std::size_t stories = 0;
  for (const std::string_view line : split_lines(text)) stories += line.find("  expected ") != std::string_view::npos;
  EXPECT_EQ(stories, 2u);
  EXPECT_NE(text.find("  the same   boot/hello@virt[memory=129M], "), std::string::npos);
  EXPECT_NE(text.find(" more\n"), std::string::npos);
  EXPECT_NE(text.find("virt, EL2, GICv2"), std::string::npos) << text;
  EXPECT_LT(split_lines(text).size(), 100u);
}

std::string summary_of(const std::vector<RunResult>& results) {
  Summary summary;
  for (const RunResult& result : results) summary.add(result);
  const std::string text = summary.text({});
  expect_fits(text, Style().width);
  return text;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

RunResult explained_as(int number, const std::string& signature) {
  RunResult result = explained_sample("2");
  result.id = fmt::format("boot/window-{}@virt", number);
  result.attempts[0].diagnosis->signature = signature;
  return result;
}

// A matrix that fails for two causes is two stories, whatever the scenarios and their consoles.
TEST(Terminal, EqualCausesAreToldOnce) {
  std::vector<RunResult> results;
  for (int i = 0; i < 30; ++i) results.push_back(explained_as(i, "table-not-linked"));
  for (int i = 30; i < 37; ++i) results.push_back(explained_as(i, "null-pointer"));
  RunResult expected = explained_as(99, "table-not-linked");
  expected.standing = Standing::kExpectedFailure;
  results.push_back(expected);
  const std::string text = summary_of(results);
  EXPECT_EQ(occurrences(text, "\n  CAUSE "), 2u) << text;
  EXPECT_NE(text.find("37 testcases fail for 2 causes:\n   30 table-not-linked\n      CAUSE      the level 0 table"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("      testcases  boot/window-0@virt, boot/window-1@virt, boot/window-2@virt, boot/window-3@virt, "
                "boot/window-4@virt and\n                 25 more\n    7 null-pointer\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("boot/window-99@"), std::string::npos) << "expected failures have no cause to look into";
}

TEST(Terminal, OneExplainedFailureHasItsStoryAlone) {
  const std::string text = summary_of({explained_sample("2")});
  EXPECT_EQ(occurrences(text, "CAUSE "), 1u) << text;
}

// Without a named cause it is the console that makes two failures the same.
TEST(Terminal, UnexplainedFailuresAreNotLumpedTogether) {
  RunResult first = explained_as(1, "unexplained"), second = explained_as(2, "unexplained");
  first.attempts[0].diagnosis->cause = second.attempts[0].diagnosis->cause = std::nullopt;
  second.attempts[0].outcome.hit->line.text = "something else";
  const std::string text = summary_of({first, second});
  EXPECT_EQ(text.find("testcases fail for"), std::string::npos) << text;
  EXPECT_EQ(occurrences(text, "\n  exception "), 2u) << text;
}

TEST(Terminal, VeryManyFailuresAreBounded) {
  Summary summary;
  for (int i = 0; i < 1000; ++i) {
    RunResult result = diverged_sample("2");
    result.scenario = fmt::format("boot/{}", i);
    result.id = result.scenario + "@" + result.target;
    summary.add(result);
  }
  const std::string text = summary.text({.width = 100});
  EXPECT_NE(text.find("and 800 other failures; the reports hold them\n"), std::string::npos);
  EXPECT_NE(text.find("FAIL boot/199@virt[gic=2]  failed: unexpected-output\n"), std::string::npos);
  EXPECT_LT(split_lines(text).size(), 800u);
}

TEST(Terminal, TheLineIsRedrawnTenTimesASecondAtMost) {
  Printed printed;
  ManualClock clock;
  TerminalReporter reporter({.output = printed.file(), .is_terminal = true, .style = {.width = 100}}, clock);
  RunInfo run = sample_run();
  run.planned = 1000;
  reporter.begin(run);
  printed.take();
  std::size_t drawn = 0;
  for (int i = 0; i < 1000; ++i) {  // one second
    reporter.started("boot/hello@virt[gic=2]");
    clock.advance(1ms);
    reporter.finished(passed_sample("boot/hello", "2"));
    if (!printed.take().empty()) ++drawn;
  }
  EXPECT_GE(drawn, 9u);
  EXPECT_LE(drawn, 11u);
}

TEST(Terminal, TheLineIsClearedBeforeText) {
  Printed printed;
  ManualClock clock;
  TerminalReporter reporter({.output = printed.file(), .is_terminal = true, .style = {.width = 70}}, clock);
  RunInfo run = sample_run();
  run.planned = 4;
  reporter.begin(run);
  EXPECT_EQ(printed.take(), "nightly: 4 testcases; QEMU 7.2.22; build7, 16 cores, 64G, Linux 6.1.0…\n");
  reporter.started("boot/hello@virt[gic=2]");
  EXPECT_EQ(printed.take(), "\r\x1b[K0 of 4 done, running boot/hello@virt[gic=2] (0 s)");
  clock.advance(12s);
  reporter.started("boot/memory@virt[gic=2]");
  EXPECT_EQ(printed.take(), "\r\x1b[K0 of 4 done, running boot/hello@virt[gic=2] (12 s) and 1 more");
  reporter.finished(diverged_sample("2"));
  EXPECT_EQ(printed.take(),
            "\r\x1b[KFAIL   boot/hello@virt[gic=2]  1.23 s  unexpected-output: scenarios/b…\n"
            "\r\x1b[K1 of 4 done, 1 failed, about 36s left, running boot/memory@virt[gic=…");
  clock.advance(50ms);
  reporter.tick();
  EXPECT_EQ(printed.take(), "");
  clock.advance(50ms);
  reporter.tick();
  EXPECT_NE(printed.take(), "");
  ASSERT_TRUE(reporter.end(run, totals_of({diverged_sample("2")}), 3));
  EXPECT_EQ(printed.take().substr(0, 5), "\r\x1b[K\n");
}

TEST(Terminal, ALogSaysNowAndThenHowFarItIs) {
  Printed printed;
  ManualClock clock;
  TerminalReporter reporter({.output = printed.file(), .is_terminal = false, .style = {.width = 100}}, clock);
  RunInfo run = sample_run();
  run.planned = 100;
  reporter.begin(run);
  printed.take();
  for (int i = 0; i < 9; ++i) {
    clock.advance(1s);
    reporter.finished(passed_sample("boot/hello", "2"));
    EXPECT_EQ(printed.take(), "") << i;
  }
  clock.advance(1s);
  reporter.finished(passed_sample("boot/hello", "2"));
  EXPECT_EQ(printed.take(), "10 of 100 done, about 1m30s left\n");
  clock.advance(14s);
  reporter.tick();
  EXPECT_EQ(printed.take(), "");
  clock.advance(1s);
  reporter.tick();
  EXPECT_EQ(printed.take(), "10 of 100 done, about 3m45s left\n");
}

TEST(Terminal, AFullDiskIsOneError) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> full(std::fopen("/dev/full", "w"), &std::fclose);
  ASSERT_NE(full, nullptr);
  ManualClock clock;
  TerminalReporter reporter({.output = full.get()}, clock);
  const auto result = report(reporter, sample_results());
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "the terminal's output: cannot write: No space left on device");
}

TEST(TotalsLine, CountsWhatThereIs) {
  EXPECT_EQ(totals_line({.passed = 112, .failed = 3, .errors = 1, .skipped = 4}, 120, 0, 41s),
            "112 passed, 3 failed, 1 error, 4 skipped in 41 s");
  EXPECT_EQ(totals_line({.passed = 1, .expected_failures = 2, .quarantined = 3, .flaky = 4}, 20, 10, 200s),
            "1 passed, 2 failed as expected, 4 flaky, 3 quarantined in 3m20s; 10 of 20 planned "
            "testcases have no result");
}

TEST(SecondsText, HasTheUnitThatFits) {
  EXPECT_EQ(seconds_text(0ms), "0.00 s");
  EXPECT_EQ(seconds_text(-5s), "0.00 s");
  EXPECT_EQ(seconds_text(350ms), "0.35 s");
  EXPECT_EQ(seconds_text(41'200ms), "41 s");
  EXPECT_EQ(seconds_text(200s), "3m20s");
}

}  // namespace
}  // namespace bootrig
