// junit_bench RESULTS FOLDER: writes junit.xml of so many results over 50 targets into a new
// folder, removes it, and prints its size and the largest resident memory of this process.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "reports/junit.h"

namespace bootrig {
namespace {

RunResult result_number(std::size_t number) {
  RunResult result;
  result.scenario = fmt::format("group/scenario-{}", number / 50);
  result.target = fmt::format("virt[gic={},memory={}M]", 2 + number % 2, 128 * (number % 50));
  result.id = result.scenario + "@" + result.target;
  result.repeat_command = fmt::format("bootrig run '{}'", result.id);
  result.duration = std::chrono::milliseconds(number % 5000);
  Attempt attempt;
  attempt.folder = "cells/" + result.id + "/1";
  attempt.outcome.termination = Termination::kSatisfied;
  if (number % 50 == 7) {
    result.standing = Standing::kFailed;
    result.verdict = {VerdictKind::kFail, Cause::kMissingOutput, "expected.transcript:3: 'hello' never came"};
    result.transcript = {std::string(4096, 'a'), 100'000, std::string(4096, '\x1b')};
    attempt.outcome.termination = Termination::kPoweredOff;
  }
  attempt.verdict = result.verdict;
  result.attempts.push_back(attempt);
  return result;
}

int run(std::size_t count, const std::filesystem::path& folder) {
  JUnitReporter reporter({.path = folder / "junit.xml"});
  RunTotals totals;
  for (std::size_t i = 0; i < count; ++i) {
    const RunResult result = result_number(i);
    reporter.started(result.id);
    reporter.finished(result);
    ++(result.standing == Standing::kPassed ? totals.passed : totals.failed);
  }
  const auto ended = reporter.end({.name = "bench", .planned = count}, totals, 0);
  if (!ended) {
    fmt::print(stderr, "{}\n", to_text(ended.error()));
    return 1;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("results {} bytes {} peak-kib {}\n", count, std::filesystem::file_size(folder / "junit.xml"),
             usage.ru_maxrss);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace bootrig

int main(int argc, char** argv) {
  if (argc != 3 || std::filesystem::exists(argv[2])) {
    fmt::print(stderr, "usage: junit_bench RESULTS NEW-FOLDER\n");
    return 2;
  }
  return bootrig::run(std::strtoull(argv[1], nullptr, 10), argv[2]);
}
