#include "reports/samples_test.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "testing/paths.h"
#include "triage/diagnosis_samples_test.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kStart = 1'790'000'000'000;  // 2026-09-21T14:13:20Z

RunResult result_of(const std::string& scenario, const std::string& target, Standing standing, Verdict verdict) {
  RunResult result;
  result.scenario = scenario;
  result.target = target;
  result.id = scenario + "@" + target;
  result.scenario_summary = "What " + scenario + " shows";
  result.target_name = target.substr(0, target.find('['));
  result.target_values = {{"level", "2"},        {"gic", target.find("gic=3") != std::string::npos ? "3" : "2"},
                          {"memory", "1G"},      {"cpus", "1"},
                          {"cpu", "cortex-a53"}, {"accelerator", "tcg"}};
  result.image = "reference-hello";
  result.image_sha256 = std::string(64, 'a');
  result.standing = standing;
  result.verdict = std::move(verdict);
  result.repeat_command = "bootrig run '" + result.id + "'";
  result.duration = 1234ms;
  result.started_at_ms = kStart;
  return result;
}

Attempt attempt_of(const RunResult& result, Termination termination) {
  Attempt attempt;
  attempt.verdict = result.verdict;
  attempt.folder = "cells/" + result.id + "/1";
  Outcome& outcome = attempt.outcome;
  outcome.termination = termination;
  outcome.matched = 5;
  outcome.expected = 5;
  outcome.boot_stage_over = true;
  outcome.bytes = outcome.transcript_hashed = 640;
  outcome.transcript_sha256 = std::string(64, 'b');
  outcome.lines = 14;
  outcome.wall = 1234ms;
  outcome.first_output = 56ms;
  outcome.machine = {.argv = {"qemu-system-aarch64", "-machine", "virt,gic-version=2"},
                     .accelerator = "tcg",
                     .emulator_version = "7.2.22"};
  outcome.accelerator_asked = "tcg";
  return attempt;
}

SeenLine line(std::uint64_t number, std::string text) {
  return {number, number * 40, std::move(text)};
}

void diverge(Attempt& attempt) {
  attempt.outcome.matched = 2;
  attempt.outcome.divergence = Divergence{
      .place = "scenarios/boot/hello/expected.transcript:3",
      .expected = "kernel: entered at EL{{dec:level}}",
      .seen = line(12, "kernel: entred at EL2"),
      .before = {line(9, "loader: 3 files in the archive"), line(10, "loader: MMU on"), line(11, "loader: go")},
      .after = {line(13, "kernel: 1024 MiB")},
      .final = true};
}

RunResult renamed(RunResult result, const std::string& scenario, const std::string& suffix = "") {
  result.scenario = scenario;
  result.id = scenario + "@" + result.target + suffix;
  result.repeat_command = "bootrig run '" + result.id + "'";
  for (Attempt& attempt : result.attempts) attempt.folder = "cells/" + result.id + "/1";
  return result;
}

}  // namespace

RunInfo sample_run() {
  return {.name = "nightly",
          .command = "bootrig run --matrix nightly",
          .host = "build7, 16 cores, 64G, Linux 6.1.0",
          .emulator = "QEMU 7.2.22",
          .revision = "0123abcd+",
          .tool_version = "0.1.0",
          .started_at_ms = kStart,
          .planned = 20};
}

RunResult passed_sample(const std::string& scenario, const std::string& gic) {
  RunResult result = result_of(scenario, "virt[gic=" + gic + "]", Standing::kPassed, {});
  result.attempts = {attempt_of(result, Termination::kSatisfied)};
  result.attempts[0].outcome.captures = {{"level", "2"}};
  return result;
}

RunResult diverged_sample(const std::string& gic) {
  RunResult result = result_of("boot/hello", "virt[gic=" + gic + "]", Standing::kFailed,
                               {VerdictKind::kFail, Cause::kUnexpectedOutput,
                                "scenarios/boot/hello/expected.transcript:3: expected 'kernel: entered at "
                                "EL{{dec:level}}', line 12 is 'kernel: entred at EL2'"});
  result.attempts = {attempt_of(result, Termination::kDiverged)};
  diverge(result.attempts[0]);
  result.transcript = {
      .head = "loader: hello\r\nloader: MMU on\r\nloader: go\r\nkernel: entred at EL2\r\n", .cut = 0, .tail = ""};
  return result;
}

RunResult exception_sample() {
  const std::string said = "\x1b[31mCaught <data abort> & ]]> at \xff::error::x\x1b[0m";
  RunResult result =
      result_of("boot/abort", "virt[gic=3]", Standing::kFailed,
                {VerdictKind::kFail, Cause::kException, "bootrig-kernel-exception at line 7: '" + said + "'"});
  result.attempts = {attempt_of(result, Termination::kSignature)};
  Outcome& outcome = result.attempts[0].outcome;
  outcome.matched = 3;
  outcome.hit = SignatureHit{"bootrig-kernel-exception", false, SignatureKind::kException, line(7, said)};
  outcome.last_lines = {line(6, "kernel: mapping"), line(7, said), line(8, "ESR_EL1 0x96000004")};
  outcome.divergence = Divergence{.place = "scenarios/boot/abort/expected.transcript:4", .expected = "kernel: done"};
  result.transcript = {.head = "kernel: mapping\n" + said + "\n[[ATTACHMENT|/etc/passwd]]\n",
                       .cut = 123456,
                       .tail = std::string("ESR_EL1 0x96000004\n\0<script>alert(1)</script>\n", 46)};
  return result;
}

RunResult explained_sample(const std::string& gic) {
  const std::string said = "bootrig loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1";
  RunResult result = result_of("boot/window", "virt[gic=" + gic + "]", Standing::kFailed,
                               {VerdictKind::kFail, Cause::kException,
                                "bootrig-loader-exception at line 9: '" + said + "'", "table-not-linked"});
  result.attempts = {attempt_of(result, Termination::kSignature)};
  result.attempts[0].outcome.hit =
      SignatureHit{"bootrig-loader-exception", false, SignatureKind::kException, line(9, said)};
  result.attempts[0].outcome.last_lines = {line(8, "bootrig loader: enters the kernel"), line(9, said)};
  result.attempts[0].diagnosis = full_diagnosis();
  result.transcript = {.head = "bootrig loader: enters the kernel\n" + said + "\n", .cut = 0, .tail = ""};
  return result;
}

RunResult silent_sample() {
  RunResult result =
      result_of("boot/silent", "virt[gic=2]", Standing::kFailed,
                {VerdictKind::kFail, Cause::kBootTimeout,
                 "the boot limit of 5s passed; scenarios/boot/silent/expected.transcript:1: 'hello' never "
                 "came (0 of 1 met)"});
  result.attempts = {attempt_of(result, Termination::kBootTimeout)};
  Outcome& outcome = result.attempts[0].outcome;
  outcome.matched = 0;
  outcome.expected = 1;
  outcome.boot_stage_over = false;
  outcome.bytes = outcome.lines = 0;
  outcome.first_output = 0ms;
  outcome.wall = outcome.limit = 5s;
  outcome.divergence = Divergence{.place = "scenarios/boot/silent/expected.transcript:1", .expected = "hello"};
  result.recheck = passed_sample("boot/silent", "2").attempts[0];
  return result;
}

RunResult build_error_sample(const std::string& scenario, const std::string& gic) {
  RunResult result = result_of(scenario, "virt[gic=" + gic + "]", Standing::kErrored,
                               {VerdictKind::kError, Cause::kImageBuild,
                                "kernel/main.c:12:3: error: unknown type name 'foo'\n   12 |   foo x;\n      |   ^~~"});
  result.attempts = {attempt_of(result, Termination::kNotStarted)};
  result.attempts[0].outcome = {};
  result.attempts[0].folder.clear();
  result.duration = 0ms;
  return result;
}

RunResult expected_failure_sample() {
  RunResult result = result_of("fault/unmapped", "virt[gic=2]", Standing::kExpectedFailure,
                               {VerdictKind::kFail, Cause::kException, "bootrig-loader-exception at line 4: 'Caught'"});
  result.expected_failure = ExpectedFailure{.verdict = "fail",
                                            .cause = "exception",
                                            .root_cause = {},
                                            .detail = "bootrig-loader-exception",
                                            .reason = "the kernel's window is left unmapped on purpose"};
  result.attempts = {attempt_of(result, Termination::kSignature)};
  result.attempts[0].outcome.hit =
      SignatureHit{"bootrig-loader-exception", false, SignatureKind::kException, line(4, "Caught")};
  return result;
}

RunResult unexpected_pass_sample() {
  RunResult result = passed_sample("fault/fixed", "3");
  result.standing = Standing::kUnexpectedPass;
  result.expected_failure = expected_failure_sample().expected_failure;
  return result;
}

RunResult wrong_failure_sample() {
  RunResult result = renamed(diverged_sample("2"), "fault/other");
  result.standing = Standing::kWrongFailure;
  result.expected_failure = expected_failure_sample().expected_failure;
  return result;
}

RunResult skipped_sample(const std::string& scenario, const std::string& reason) {
  RunResult result = result_of(scenario, "kvm[gic=3]", Standing::kSkipped, {VerdictKind::kSkip, Cause::kNone, reason});
  result.target_values["accelerator"] = "kvm";
  result.duration = 0ms;
  return result;
}

RunResult quarantined_sample() {
  RunResult result = renamed(silent_sample(), "boot/smp");
  result.standing = Standing::kQuarantined;
  result.quarantine = "ann@example.org until 2027-01-31: second core is late";
  return result;
}

RunResult flaky_sample() {
  RunResult result = passed_sample("boot/race", "3");
  result.standing = Standing::kFlaky;
  Attempt first = silent_sample().attempts[0];
  first.folder = "cells/boot/race@virt[gic=3]/1";
  result.attempts[0].folder = "cells/boot/race@virt[gic=3]/2";
  result.attempts.insert(result.attempts.begin(), first);
  return result;
}

RunResult retried_sample() {
  RunResult result = renamed(diverged_sample("2"), "boot/retry", "#2");
  Attempt silent = renamed(silent_sample(), "boot/retry", "#2").attempts[0];
  Attempt killed = build_error_sample("boot/retry", "2").attempts[0];
  killed.verdict = {VerdictKind::kError, Cause::kHost, "the emulator ended by itself, signal 9 (Killed)"};
  result.attempts[0].folder = "cells/boot/retry@virt[gic=2]#2/3";
  result.attempts.insert(result.attempts.begin(), {silent, killed});
  return result;
}

std::vector<RunResult> sample_results() {
  return {passed_sample("boot/memory", "2"),
          passed_sample("boot/memory", "3"),
          diverged_sample("3"),
          skipped_sample("boot/hello", "this QEMU offers no KVM for AArch64"),
          diverged_sample("2"),
          exception_sample(),
          explained_sample("2"),
          explained_sample("3"),
          silent_sample(),
          build_error_sample("boot/user", "2"),
          build_error_sample("boot/user", "3"),
          expected_failure_sample(),
          unexpected_pass_sample(),
          wrong_failure_sample(),
          skipped_sample("boot/memory", "this QEMU offers no KVM for AArch64"),
          skipped_sample("boot/el3", "EL3 offers no PSCI"),
          quarantined_sample(),
          flaky_sample(),
          retried_sample()};
}

RunTotals totals_of(const std::vector<RunResult>& results) {
  RunTotals totals;
  for (const RunResult& result : results) totals.add(result.standing);
  return totals;
}

Result<void> report(Reporter& reporter, const std::vector<RunResult>& results, std::size_t missing) {
  RunInfo run = sample_run();
  run.planned = results.size() + missing;
  reporter.begin(run);
  for (const RunResult& result : results) {
    reporter.started(result.id);
    reporter.finished(result);
  }
  return reporter.end(run, totals_of(results), missing);
}

void expect_approved(std::string_view name, const std::string& actual) {
  const auto path = std::filesystem::path(source_path("reports/approved")) / name;
  if (std::getenv("BOOTRIG_APPROVE") != nullptr) {
    ASSERT_TRUE(write_file_atomically(path, actual));
    return;
  }
  const auto approved = read_file(path);
  ASSERT_TRUE(approved) << to_text(approved.error());
  EXPECT_EQ(actual, *approved) << "if the new output is right: BOOTRIG_APPROVE=1";
}

std::string temporary_path(const std::string& name) {
  return (std::filesystem::path(::testing::TempDir()) / ("reports_test_" + std::to_string(::getpid()) + "_" + name))
      .string();
}

}  // namespace bootrig
