#include "run/verdict.h"

#include <gtest/gtest.h>

#include "run/words.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

Outcome outcome_of(Termination termination, std::size_t matched, std::size_t expected) {
  Outcome outcome;
  outcome.termination = termination;
  outcome.matched = matched;
  outcome.expected = expected;
  outcome.boot_stage_over = matched > 0;
  outcome.limit = 10s;
  outcome.accelerator_asked = "tcg";
  outcome.machine.accelerator = "tcg";
  outcome.machine.emulator_version = "7.2.22";
  outcome.bytes = 100;
  if (matched < expected) {
    outcome.divergence = Divergence{"expected.transcript:3", "ready", SeenLine{3, 30, "oops"}, {}, {}, true};
  }
  return outcome;
}

TEST(DecidingBytes, EndWhereTheOutcomeIsDecided) {
  Outcome outcome = outcome_of(Termination::kSatisfied, 2, 2);
  outcome.completed_at = 77;
  EXPECT_EQ(deciding_bytes(outcome), 77u);
  outcome.termination = Termination::kPoweredOff;
  EXPECT_EQ(deciding_bytes(outcome), 100u);
  outcome = outcome_of(Termination::kDiverged, 1, 2);
  EXPECT_EQ(deciding_bytes(outcome), 34u);  // line 3 begins at 30: "oops"
  outcome.termination = Termination::kSignature;
  EXPECT_EQ(deciding_bytes(outcome), 100u);  // of an unknown line: all
  outcome.hit = SignatureHit{"linux-panic", false, SignatureKind::kPanic, {5, 50, "panic"}};
  EXPECT_EQ(deciding_bytes(outcome), 55u);
  outcome.hit->line.offset = 98;  // a line is never longer than what came
  EXPECT_EQ(deciding_bytes(outcome), 100u);
}

struct JudgeCase {
  Termination termination;
  std::size_t matched;
  Ending ending;
  VerdictKind kind;
  Cause cause;
};

// Two expectations in every case.
constexpr JudgeCase kJudgeTable[] = {
    {Termination::kSatisfied, 2, Ending::kRunning, VerdictKind::kPass, Cause::kNone},
    {Termination::kPoweredOff, 2, Ending::kPowerOff, VerdictKind::kPass, Cause::kNone},
    {Termination::kPoweredOff, 2, Ending::kAny, VerdictKind::kPass, Cause::kNone},
    {Termination::kReset, 2, Ending::kReset, VerdictKind::kPass, Cause::kNone},
    {Termination::kReset, 2, Ending::kPowerOff, VerdictKind::kFail, Cause::kWrongEnding},
    {Termination::kPoweredOff, 2, Ending::kReset, VerdictKind::kFail, Cause::kWrongEnding},
    {Termination::kPanicked, 2, Ending::kPowerOff, VerdictKind::kFail, Cause::kWrongEnding},
    {Termination::kPoweredOff, 1, Ending::kPowerOff, VerdictKind::kFail, Cause::kMissingOutput},
    {Termination::kReset, 1, Ending::kRunning, VerdictKind::kFail, Cause::kMissingOutput},
    {Termination::kDiverged, 1, Ending::kRunning, VerdictKind::kFail, Cause::kUnexpectedOutput},
    {Termination::kOutputLimit, 1, Ending::kRunning, VerdictKind::kFail, Cause::kUnexpectedOutput},
    {Termination::kBootTimeout, 0, Ending::kRunning, VerdictKind::kFail, Cause::kBootTimeout},
    {Termination::kTestTimeout, 0, Ending::kRunning, VerdictKind::kFail, Cause::kBootTimeout},
    {Termination::kTestTimeout, 1, Ending::kRunning, VerdictKind::kFail, Cause::kTestTimeout},
    {Termination::kStepTimeout, 1, Ending::kRunning, VerdictKind::kFail, Cause::kTestTimeout},
    {Termination::kInactivity, 1, Ending::kRunning, VerdictKind::kFail, Cause::kInactivity},
    {Termination::kTestTimeout, 2, Ending::kPowerOff, VerdictKind::kFail, Cause::kWrongEnding},
    {Termination::kTestTimeout, 2, Ending::kAny, VerdictKind::kFail, Cause::kTestTimeout},
    {Termination::kWallClockCap, 1, Ending::kRunning, VerdictKind::kError, Cause::kHost},
    {Termination::kExited, 1, Ending::kRunning, VerdictKind::kError, Cause::kHost},
    {Termination::kInterrupted, 1, Ending::kRunning, VerdictKind::kError, Cause::kInternal},
};

TEST(Judge, Table) {
  for (const JudgeCase& row : kJudgeTable) {
    const Verdict verdict = judge(outcome_of(row.termination, row.matched, 2), row.ending);
    const std::string name(to_text(row.termination));
    EXPECT_EQ(to_text(verdict.kind), to_text(row.kind)) << name << ": " << verdict.detail;
    EXPECT_EQ(to_text(verdict.cause), to_text(row.cause)) << name << ": " << verdict.detail;
    EXPECT_EQ(verdict.detail.empty(), row.kind == VerdictKind::kPass) << name;
  }
}

TEST(Judge, SignatureIsExceptionOrFailureSignature) {
  Outcome outcome = outcome_of(Termination::kSignature, 1, 2);
  outcome.hit = SignatureHit{"linux-panic", false, SignatureKind::kPanic, {7, 70, "Kernel panic"}};
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kFailureSignature);
  EXPECT_EQ(judge(outcome, Ending::kRunning).detail, "linux-panic at line 7: 'Kernel panic'");
  outcome.hit->kind = SignatureKind::kException;
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kException);
  outcome.hit->forbidden = true;
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kFailureSignature);
}

TEST(Judge, SubtestsDecideWhatPassedButForThem) {
  Outcome outcome = outcome_of(Termination::kSatisfied, 2, 2);
  outcome.subtests = SubtestFacts{{{"a", Subtest::Status::kPass, "", 1}, {"b", Subtest::Status::kSkip, "no", 2}}, {}};
  EXPECT_EQ(judge(outcome, Ending::kRunning).kind, VerdictKind::kPass);
  outcome.subtests->problems = {"line 1 planned 3 results, 2 came"};
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kMissingOutput);
  EXPECT_EQ(judge(outcome, Ending::kRunning).detail, "subtests: line 1 planned 3 results, 2 came");
  outcome.subtests->subtests.push_back({"s.c", Subtest::Status::kFail, "1 == 2", 3});
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kFailedSubtest);
  EXPECT_EQ(judge(outcome, Ending::kRunning).detail, "1 of 3 subtests failed; 's.c' at line 3: 1 == 2");
  outcome.termination = Termination::kDiverged;
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kUnexpectedOutput);
}

TEST(Judge, NeverTcgInTheNameOfKvm) {
  Outcome outcome = outcome_of(Termination::kSatisfied, 2, 2);
  outcome.accelerator_asked = "kvm";
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kHost);
  outcome.machine.accelerator = "";
  EXPECT_EQ(judge(outcome, Ending::kRunning).kind, VerdictKind::kError);
  outcome.machine.accelerator = "kvm";
  EXPECT_EQ(judge(outcome, Ending::kRunning).kind, VerdictKind::kPass);
}

TEST(Judge, EmulatorThatNeverRanIsAMachineStartError) {
  Outcome outcome = outcome_of(Termination::kExited, 0, 2);
  outcome.bytes = 0;
  outcome.machine.emulator_version = "";
  outcome.exit_status = "exit status 1";
  outcome.machine.errors = "qemu-system-aarch64: -nonsense: invalid option\n";
  const Verdict verdict = judge(outcome, Ending::kRunning);
  EXPECT_EQ(verdict.cause, Cause::kMachineStart);
  EXPECT_EQ(verdict.detail,
            "the emulator ended by itself, exit status 1: qemu-system-aarch64: -nonsense: invalid option");
}

TEST(Judge, SaysWhatWasRefused) {
  EXPECT_EQ(judge(outcome_of(Termination::kDiverged, 1, 2), Ending::kRunning).detail,
            "expected.transcript:3: expected 'ready', line 3 is 'oops'");
}

TEST(Stand, ExpectedFailuresMustBeTheOnesExpected) {
  const ExpectedFailure expected{"fail", "exception", std::nullopt, "loader-exception", "on purpose"};
  const Verdict met{VerdictKind::kFail, Cause::kException, "bootrig-loader-exception at line 3"};
  EXPECT_EQ(stand(met, expected, false, false), Standing::kExpectedFailure);
  Verdict other_detail = met;
  other_detail.detail = "linux-oops";
  EXPECT_EQ(stand(other_detail, expected, false, false), Standing::kWrongFailure);
  const Verdict build{VerdictKind::kError, Cause::kImageBuild, "bootrig-loader-exception"};
  EXPECT_EQ(stand(build, expected, false, false), Standing::kWrongFailure);
  EXPECT_EQ(stand(Verdict{}, expected, false, false), Standing::kUnexpectedPass);
  const Verdict skip{VerdictKind::kSkip, Cause::kNone, "no KVM"};
  EXPECT_EQ(stand(skip, expected, false, false), Standing::kSkipped);
}

TEST(Stand, RootCausesMustBeTheOnesExpected) {
  ExpectedFailure expected{"fail", "exception", "null-pointer", std::nullopt, "on purpose"};
  Verdict verdict{VerdictKind::kFail, Cause::kException, "Caught", "null-pointer"};
  EXPECT_EQ(stand(verdict, expected, false, false), Standing::kExpectedFailure);
  verdict.root_cause = "wild-pointer";
  EXPECT_EQ(stand(verdict, expected, false, false), Standing::kWrongFailure);
  expected.root_cause = "none";
  EXPECT_EQ(stand(verdict, expected, false, false), Standing::kWrongFailure);
  verdict.root_cause = "";
  EXPECT_EQ(stand(verdict, expected, false, false), Standing::kExpectedFailure);
  expected.root_cause = std::nullopt;
  verdict.root_cause = "hang";
  EXPECT_EQ(stand(verdict, expected, false, false), Standing::kExpectedFailure);
}

TEST(Stand, QuarantineAndRetries) {
  const Verdict failed{VerdictKind::kFail, Cause::kTestTimeout, "late"};
  EXPECT_EQ(stand(failed, std::nullopt, false, false), Standing::kFailed);
  EXPECT_EQ(stand(failed, std::nullopt, true, false), Standing::kQuarantined);
  EXPECT_EQ(stand(Verdict{}, std::nullopt, false, true), Standing::kFlaky);
  EXPECT_EQ(stand(Verdict{VerdictKind::kError, Cause::kHost, ""}, std::nullopt, false, false), Standing::kErrored);
}

TEST(Stand, WhatGates) {
  for (const Standing standing :
       {Standing::kFailed, Standing::kErrored, Standing::kUnexpectedPass, Standing::kWrongFailure}) {
    EXPECT_TRUE(gates(standing)) << to_text(standing);
  }
  for (const Standing standing :
       {Standing::kPassed, Standing::kExpectedFailure, Standing::kSkipped, Standing::kQuarantined, Standing::kFlaky}) {
    EXPECT_FALSE(gates(standing)) << to_text(standing);
  }
}

TEST(Words, ComeBack) {
  EXPECT_EQ(cause_from("wrong-ending"), Cause::kWrongEnding);
  EXPECT_EQ(termination_from("wall-clock-cap"), Termination::kWallClockCap);
  EXPECT_EQ(standing_from("xfail"), Standing::kExpectedFailure);
  EXPECT_EQ(verdict_kind_from("skip"), VerdictKind::kSkip);
  EXPECT_EQ(cause_from("no such cause"), std::nullopt);
}

}  // namespace
}  // namespace bootrig
