#include "run/signature.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

RunResult failed(Cause cause, std::string detail = "") {
  RunResult result;
  result.scenario = "boot/hello";
  result.standing = cause >= Cause::kBadSpec ? Standing::kErrored : Standing::kFailed;
  result.verdict = {cause >= Cause::kBadSpec ? VerdictKind::kError : VerdictKind::kFail, cause, std::move(detail)};
  result.attempts.push_back({.verdict = result.verdict, .outcome = {}});
  return result;
}

Diagnosis named(const std::string& cause, const std::string& signature) {
  Diagnosis diagnosis;
  if (!cause.empty()) diagnosis.cause = RootCause{cause, "what", "change"};
  diagnosis.signature = signature;
  diagnosis.exception = ExceptionLine{};
  return diagnosis;
}

TEST(WithoutNumbers, WhatMovesIsGone) {
  EXPECT_EQ(without_numbers("PC 0xffffff8040000000, ESR_EL1 96000004"), "PC #, ESR_EL# #");
  EXPECT_EQ(without_numbers("deadbeef and facade and defaced"), "deadbeef and facade and defaced") << "words, no digit";
  EXPECT_EQ(without_numbers("deadbee5"), "#");
  EXPECT_EQ(without_numbers("[   12.345678] CPU0: 2 of 10"), "[   #.#] CPU#: # of #");
  EXPECT_EQ(without_numbers("/tmp/a7/images/x/main.c:12:3: error: 'y'"), "main.c:#:#: error: 'y'");
  EXPECT_EQ(without_numbers("stage 'a': images/x/main.c:7"), "stage 'a': images/x/main.c:#");
  EXPECT_EQ(without_numbers("a\x01\xff"), "a\\x#\xef\xbf\xbd");
  EXPECT_EQ(without_numbers(""), "");
  EXPECT_EQ(without_numbers(std::string(1000, 'x')).size(), 160u);
  EXPECT_EQ(without_numbers("/"), "");
}

TEST(Signature, OfANamedCauseIsTriages) {
  RunResult result = failed(Cause::kException);
  result.attempts.back().diagnosis = named("table-not-linked", "table-not-linked EC 0x21, boot_lvl0_upper");
  EXPECT_EQ(signature_of(result), "table-not-linked EC 0x21, boot_lvl0_upper");
}

TEST(Signature, OfAnUnexplainedExceptionIsTheConsolesAndTriages) {
  RunResult result = failed(Cause::kException);
  result.attempts.back().outcome.hit = SignatureHit{.name = "linux-panic", .line = {4, 80, "panic at 0x1234"}};
  EXPECT_EQ(signature_of(result), "exception linux-panic: panic at #");
  result.attempts.back().diagnosis = named("", "unexplained EC 0x25, symbol");
  EXPECT_EQ(signature_of(result), "exception linux-panic: panic at #; unexplained EC 0x25, symbol");
  result.scenario = "boot/other";
  EXPECT_EQ(signature_of(result), "exception linux-panic: panic at #; unexplained EC 0x25, symbol")
      << "the guest's word for its trouble is the same in any scenario";
}

TEST(Signature, OfARefusedLine) {
  RunResult result = failed(Cause::kUnexpectedOutput);
  result.attempts.back().outcome.divergence =
      Divergence{.place = "x:3", .expected = "kernel: up", .seen = SeenLine{3, 9, "kernel: 17 down"}, .final = true};
  EXPECT_EQ(signature_of(result), "unexpected-output in boot/hello: 'kernel: up' expected, 'kernel: # down' seen");
}

TEST(Signature, OfErrorsHasNoScenarioAndNoFolder) {
  RunResult a = failed(Cause::kImageBuild, "/ci/17/images/probe/main.c:12: error: x\nmore");
  RunResult b = failed(Cause::kImageBuild, "/home/ann/images/probe/main.c:13: error: x\nother");
  b.scenario = "boot/other";
  EXPECT_EQ(signature_of(a), "image-build: main.c:#: error: x");
  EXPECT_EQ(signature_of(a), signature_of(b));
}

TEST(Signature, OfAFlakyTestcaseIsItsFailedAttempts) {
  RunResult result = failed(Cause::kInactivity);
  result.standing = Standing::kFlaky;
  result.verdict = {};
  result.attempts.push_back({.verdict = {}, .outcome = {}});
  EXPECT_EQ(signature_of(result), "inactivity in boot/hello");
}

TEST(Signature, OfWhatWentAsExpectedIsNone) {
  for (const Standing standing : {Standing::kPassed, Standing::kExpectedFailure, Standing::kSkipped}) {
    RunResult result = failed(Cause::kInactivity);
    result.standing = standing;
    EXPECT_EQ(signature_of(result), "");
  }
  RunResult result;
  result.scenario = "boot/hello";
  result.standing = Standing::kUnexpectedPass;
  EXPECT_EQ(signature_of(result), "unexpected-pass in boot/hello");
}

}  // namespace
}  // namespace bootrig
