#include "run/session.h"

#include <gtest/gtest.h>

#include "run/image_console.h"
#include "testing/fake_machine.h"
#include "testing/manual_clock.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// A session with a fake machine: what the console says and when, against a transcript of two lines.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    scenario_.timeouts.overall = 10s;
    scenario_.ending = Ending::kRunning;
  }

  static MachineEvent says(std::string bytes) { return ConsoleOutput{std::move(bytes)}; }
  static MachineEvent powers_off() { return GuestStopped{GuestStopped::Why::kPowerOff}; }

  void expect_transcript(std::string_view text) {
    const auto added = builder_.add_transcript("expected.transcript", text);
    ASSERT_TRUE(added) << to_text(added.error());
  }

  Outcome run(std::vector<FakeStep> steps) {
    if (!scenario_.expectations) scenario_.expectations = builder_.build();
    machine_ = std::make_unique<FakeMachine>(clock_, std::move(steps));
    return run_session(*machine_, scenario_, options_, clock_, transcript_);
  }

  ManualClock clock_;
  Scenario scenario_;
  SessionOptions options_;
  ExpectationsBuilder builder_;
  TranscriptFile transcript_;
  std::unique_ptr<FakeMachine> machine_;
};

TEST_F(SessionTest, SatisfiedAtTheLastExpectedLine) {
  expect_transcript("hello\nworld\n");
  const Outcome outcome = run({{1s, says("hello\nwor")}, {1s, says("ld\nmore\n")}, {1h, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "satisfied");
  EXPECT_EQ(outcome.matched, 2u);
  EXPECT_EQ(outcome.wall, 2s);
  EXPECT_EQ(outcome.first_output, 1s);
  EXPECT_EQ(outcome.last_output, 2s);
}

// The host is asked at power-on, and at an end that may be its doing.
TEST_F(SessionTest, HostIsAFactOfATimeout) {
  unsigned asked = 0;
  options_.host = [&] { return HostState{.processors = ++asked}; };
  expect_transcript("hello\n");
  const Outcome outcome = run({{1s, says("hel")}});
  EXPECT_EQ(to_text(outcome.termination), "test-timeout");
  ASSERT_TRUE(outcome.host_before && outcome.host_after);
  EXPECT_EQ(outcome.host_before->processors, 1u);
  EXPECT_EQ(outcome.host_after->processors, 2u);
  EXPECT_EQ(outcome.last_output, 1s);
}

TEST_F(SessionTest, HostIsNotAskedWhenTheGuestDecides) {
  options_.host = [] { return HostState{.processors = 1}; };
  expect_transcript("hello\n");
  EXPECT_FALSE(run({{1s, says("hello\n")}}).host_after);
}

// The firmware's console is kept, with its lines and bytes; the scenario's words, limits and signatures are the image's.
TEST_F(SessionTest, FirmwareIsKeptAndNotMatched) {
  expect_transcript("hello\n");
  scenario_.timeouts.boot = 5s;
  const std::string firmware = "U-Boot\nhello\nKernel panic - not syncing: no\n";
  const Outcome outcome =
      run({{1min, says(firmware)}, {1h, ImageStarted{}}, {4s, says("hello\n")}, {1s, says("more\n")}});
  EXPECT_EQ(to_text(outcome.termination), "satisfied");
  EXPECT_EQ(outcome.firmware_bytes, firmware.size());
  EXPECT_EQ(outcome.bytes, firmware.size() + 6);
  EXPECT_EQ(outcome.completed_at, firmware.size() + 6);
  EXPECT_EQ(outcome.lines, 4u);
  EXPECT_EQ(said_by_image(firmware + "hello\n", outcome), "hello\n");
  EXPECT_EQ(image_console(firmware + "hello\n", outcome), "\n\n\nhello\n");
  EXPECT_EQ(image_console(firmware, outcome), "");
  EXPECT_EQ(transcript_.bytes(), outcome.bytes);
}

TEST_F(SessionTest, LimitsBeginWithTheImage) {
  expect_transcript("hello\n");
  scenario_.timeouts.boot = 5s;
  const Outcome outcome = run({{1h, says("U-Boot\n")}, {1h, ImageStarted{}}, {6s, says("hello\n")}});
  EXPECT_EQ(to_text(outcome.termination), "boot-timeout");
  EXPECT_EQ(outcome.wall, 2h + 5s);
}

TEST_F(SessionTest, CrashAfterTheLastLineCountsOnlyWhileSettling) {
  expect_transcript("hello\n");
  const std::string bytes = "hello\nbootrig kernel: EXCEPTION Synchronous\n";
  EXPECT_EQ(to_text(run({{1s, says(bytes)}}).termination), "satisfied");
  scenario_.settle = 1s;
  EXPECT_EQ(to_text(run({{1s, says(bytes)}}).termination), "signature");
  EXPECT_EQ(to_text(run({{1s, says("hello\n")}, {500ms, says("bootrig kernel: EXCEPTION x\n")}}).termination),
            "signature");
  EXPECT_EQ(to_text(run({{1s, says("hello\n")}, {1500ms, says("bootrig kernel: EXCEPTION x\n")}}).termination),
            "satisfied");
}

TEST_F(SessionTest, CrashAfterTheLastLineCountsUntilThePowerOff) {
  expect_transcript("hello\n...\n");
  scenario_.ending = Ending::kPowerOff;
  const Outcome outcome = run({{1s, says("hello\nbootrig kernel: EXCEPTION x\n")}, {1s, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "signature");
}

TEST_F(SessionTest, ReadsSubtests) {
  scenario_.subtests = SubtestDialect::kKtap;
  scenario_.ending = Ending::kPowerOff;
  scenario_.expectations = ExpectationsBuilder().build();
  const Outcome outcome = run({{1s, says("KTAP version 1\n1..1\nnot o")}, {1s, says("k 1 a\n")}, {1s, powers_off()}});
  ASSERT_TRUE(outcome.subtests.has_value());
  ASSERT_EQ(outcome.subtests->subtests.size(), 1u);
  EXPECT_EQ(to_text(judge(outcome, Ending::kPowerOff).cause), "failed-subtest");
}

TEST_F(SessionTest, ReadsTheRestOfADump) {
  expect_transcript("hello\n");
  const Outcome outcome = run({{1s, says("bootrig kernel: EXCEPTION x\n")},
                               {50ms, says("  ESR 0x1\n")},
                               {50ms, says("  FAR 0x2\n")},
                               {1h, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "signature");
  EXPECT_EQ(outcome.lines, 3u);
  EXPECT_LT(outcome.wall, 2s);
}

TEST_F(SessionTest, EndlessOutputAfterASignatureDoesNotHoldIt) {
  expect_transcript("hello\n");
  std::vector<FakeStep> steps{{1s, says("bootrig kernel: EXCEPTION x\n")}};
  for (int i = 0; i < 1000; ++i) steps.push_back({10ms, says("again\n")});
  const Outcome outcome = run(std::move(steps));
  EXPECT_EQ(to_text(outcome.termination), "signature");
  EXPECT_LE(outcome.wall, 2100ms);
}

TEST_F(SessionTest, RefusedLineThatBeginsADumpIsTheDump) {
  expect_transcript("hello\nworld\n");
  const Outcome outcome = run({{1s, says("hello\nsomething else\n")}, {20ms, says("bootrig kernel: EXCEPTION x\n")}});
  EXPECT_EQ(to_text(outcome.termination), "signature");
}

TEST_F(SessionTest, RefusedLineEndsIt) {
  expect_transcript("hello\nworld\n");
  const Outcome outcome = run({{1s, says("hello\nsomething else\n")}, {1h, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "diverged");
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->expected, "world");
}

TEST_F(SessionTest, TimesOut) {
  expect_transcript("hello\nworld\n");
  const Outcome outcome = run({{1s, says("hello\n")}, {1h, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "test-timeout");
  EXPECT_EQ(outcome.wall, 10s);
  EXPECT_EQ(outcome.limit, 10s);
  EXPECT_TRUE(outcome.boot_stage_over);
}

TEST_F(SessionTest, TimeoutsScale) {
  expect_transcript("hello\n");
  options_.timeout_multiplier = 2.5;
  EXPECT_EQ(run({{1h, powers_off()}}).wall, 25s);
}

TEST_F(SessionTest, BootStageHasItsOwnLimit) {
  ASSERT_TRUE(builder_.set_boot_until("scenario.json", "kernel up"));
  expect_transcript("...\nhello\n");
  scenario_.timeouts.boot = 2s;
  EXPECT_EQ(to_text(run({{1s, says("noise\n")}, {1h, powers_off()}}).termination), "boot-timeout");
  const Outcome outcome = run({{1s, says("kernel up\n")}, {5s, says("hello\n")}});
  EXPECT_EQ(to_text(outcome.termination), "satisfied");
}

TEST_F(SessionTest, SilenceIsLimited) {
  expect_transcript("...\nhello\n");
  scenario_.timeouts.inactivity = 2s;
  EXPECT_EQ(to_text(run({{1s, says("a\n")}, {1900ms, says("b\n")}, {1h, powers_off()}}).termination), "inactivity");
}

TEST_F(SessionTest, StepsSendAndHaveLimits) {
  ASSERT_TRUE(builder_.add_expect("s:/steps/0", "=> ", std::nullopt));
  builder_.add_send("version\n");
  ASSERT_TRUE(builder_.add_expect("s:/steps/2", "U-Boot", 1s));
  EXPECT_EQ(to_text(run({{1s, says("=> ")}, {500ms, says("U-Boot 2023\n")}}).termination), "satisfied");
  EXPECT_EQ(machine_->record().sent, "version\n");
  EXPECT_EQ(to_text(run({{1s, says("=> ")}, {1500ms, says("U-Boot 2023\n")}}).termination), "step-timeout");
}

TEST_F(SessionTest, AFailedCheckEndsIt) {
  ASSERT_TRUE(builder_.add_expect("s:/steps/0", "re:RAM (?P<ram>[0-9]+)", std::nullopt,
                                  {{"s:/steps/0/check/ram", "ram", {}, 900, 1024}}));
  ASSERT_TRUE(builder_.add_expect("s:/steps/1", "=> ", std::nullopt));
  const Outcome outcome = run({{1s, says("RAM 512 M")}, {10ms, says("iB\nnext\n")}, {1h, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "diverged");
  const Verdict verdict = judge(outcome, Ending::kRunning);
  EXPECT_EQ(to_text(verdict.cause), "unexpected-output");
  EXPECT_EQ(verdict.detail, "s:/steps/0/check/ram: captured '512', allowed is '900 to 1024'; line 1 is 'RAM 512 MiB'");
  EXPECT_EQ(outcome.captures.at("ram"), "512");
}

TEST_F(SessionTest, WithNothingExpectedSilenceEndsIt) {
  options_.silence_ends = 2s;
  scenario_.ending = Ending::kAny;
  EXPECT_EQ(to_text(run({{1s, says("hello\n")}, {1h, powers_off()}}).termination), "satisfied");
  EXPECT_EQ(to_text(run({{1s, says("hello\n")}, {1s, powers_off()}}).termination), "powered-off");
  EXPECT_EQ(to_text(run({{1h, powers_off()}}).termination), "test-timeout");
}

TEST_F(SessionTest, OutputIsLimited) {
  expect_transcript("...\nhello\n");
  scenario_.output_limit = 1000;
  const Outcome outcome = run({{1s, says(std::string(600, 'x') + "\n")}, {1s, says(std::string(600, 'y'))}});
  EXPECT_EQ(to_text(outcome.termination), "output-limit");
}

TEST_F(SessionTest, AUnfinishedLastLineCounts) {
  expect_transcript("hello\nworld\n");
  scenario_.ending = Ending::kPowerOff;
  const Outcome outcome = run({{1s, says("hello\nworld")}, {1s, powers_off()}});
  EXPECT_EQ(to_text(outcome.termination), "powered-off");
  EXPECT_EQ(outcome.matched, 2u);
}

TEST_F(SessionTest, InterruptedHasNoVerdict) {
  expect_transcript("hello\n");
  EXPECT_EQ(to_text(run({{1s, Interrupted{}}}).termination), "interrupted");
}

TEST_F(SessionTest, EmulatorThatDies) {
  expect_transcript("hello\n");
  const Outcome outcome = run({{1s, says("hel")}, {1s, MachineExited{ExitStatus{.code = -1, .signal = 11}}}});
  EXPECT_EQ(to_text(outcome.termination), "exited");
  EXPECT_EQ(outcome.exit_status, "signal 11 (Segmentation fault)");
  EXPECT_EQ(outcome.bytes, 3u);
}

}  // namespace
}  // namespace bootrig
