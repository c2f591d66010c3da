// html_bench RESULTS PATH: writes a report.html of so many results over 50 targets, and prints its size and the largest
// resident memory of this process. Every eighth scenario fails on some targets, for one of five causes, with a walk.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "reports/html_report.h"

namespace bootrig {
namespace {

constexpr std::size_t kTargets = 50;
constexpr std::size_t kCauses = 5;

std::string console_text(std::size_t number) {
  std::string text;
  for (int line = 0; line < 30; ++line) {
    text += fmt::format("loader: line {} of boot {}, 0x{:016x}\r\n", line, number, number << line);
  }
  return text;
}

Diagnosis diagnosis_number(std::size_t number) {
  Diagnosis diagnosis;
  diagnosis.headline = "Data Abort, same EL: translation fault, level 2";
  diagnosis.findings = {"dump at line 28 of the console", "the tables give the syndrome that the CPU reported"};
  diagnosis.cause = RootCause{fmt::format("cause-{}", number), fmt::format("table {} has no entry", number),
                              "the descriptor must hold 0x40000703"};
  diagnosis.signature = fmt::format("cause-{} boot_l2", number);
  diagnosis.exception =
      ExceptionLine{1, "translation fault, level 2", 0x96000006, 0xffffff8040200000, 0x40001000, 0x96000006};
  diagnosis.walk = {{1, 0, 0x1ff, 0x40414ff8, "boot_l0+0xff8", 0x40413003, "table at 0x40413000"},
                    {1, 1, 1, 0x40413008, "boot_l1+0x8", 0x40412003, "table at 0x40412000"},
                    {1, 2, 1, 0x40412008, "boot_l2+0x8", 0, "invalid"}};
  return diagnosis;
}

RunResult result_number(std::size_t number) {
  const std::size_t target = number % kTargets, scenario = number / kTargets;
  RunResult result;
  result.scenario = fmt::format("group-{}/scenario-{}", scenario % 7, scenario);
  result.target_name = "virt";
  result.target_values = {{"gic", fmt::format("{}", 2 + target % 2)},
                          {"level", fmt::format("{}", 1 + target / 2 % 3)},
                          {"memory", fmt::format("{}M", 128 << (target / 6))},
                          {"cpus", "1"},
                          {"cpu", "cortex-a53"},
                          {"accelerator", "tcg"}};
  result.target = fmt::format("virt[number={}]", target);
  result.id = result.scenario + "@" + result.target;
  result.repeat_command = fmt::format("bootrig run '{}'", result.id);
  result.duration = std::chrono::milliseconds(100 + number % 500);
  Attempt attempt;
  attempt.folder = "cells/" + result.id + "/attempt-1";
  attempt.outcome.termination = Termination::kSatisfied;
  attempt.outcome.wall = result.duration;
  attempt.outcome.bytes = 1;
  attempt.outcome.lines = 30;
  attempt.outcome.machine.argv = {"qemu-system-aarch64", "-machine", "virt,gic-version=2", "-m", "1G"};
  result.transcript = {console_text(number), 0, ""};
  if (scenario % 8 == 3 && target % 3 == 1) {
    result.standing = Standing::kFailed;
    result.verdict = {VerdictKind::kFail, Cause::kException, "loader-exception at line 28: 'EXCEPTION'"};
    attempt.outcome.termination = Termination::kSignature;
    attempt.diagnosis = diagnosis_number(scenario % kCauses);
  }
  attempt.verdict = result.verdict;
  result.attempts.push_back(attempt);
  return result;
}

int run(std::size_t count, const std::filesystem::path& path) {
  HtmlReporter reporter({.path = path});
  RunTotals totals;
  for (std::size_t i = 0; i < count; ++i) {
    const RunResult result = result_number(i);
    reporter.finished(result);
    totals.add(result.standing);
  }
  const auto ended = reporter.end({.name = "bench", .planned = count}, totals, 0);
  if (!ended) {
    fmt::print(stderr, "{}\n", to_text(ended.error()));
    return 1;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("results {} bytes {} peak-kib {}\n", count, std::filesystem::file_size(path), usage.ru_maxrss);
  return 0;
}

}  // namespace
}  // namespace bootrig

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: html_bench RESULTS PATH\n");
    return 2;
  }
  return bootrig::run(std::strtoull(argv[1], nullptr, 10), argv[2]);
}
