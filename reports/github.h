// What GitHub Actions shows of a run: annotations at the expectations that were not met, and the job's summary.
//
// The runner obeys commands that stand in a step's output. From a run's beginning to its end it is told to obey none
// ("::stop-commands::TOKEN"), since the terminal's report quotes guests; then come the annotations, one for each
// different failure, at most kMost (GitHub shows so many of a step), and the transcripts, again without commands.
// Guests' bytes in an annotation are escaped (actions/toolkit, packages/core/src/command.ts), in the summary they are
// HTML or Markdown that means nothing.
//
// It must be the last reporter: at the end it speaks after the terminal's report.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "run/result.h"

namespace bootrig {

struct GithubOptions {
  std::FILE* output = stdout;
  std::filesystem::path summary;    // GITHUB_STEP_SUMMARY: appended to; empty: none is written
  std::filesystem::path project;    // its folder
  std::filesystem::path workspace;  // GITHUB_WORKSPACE: annotations' files are relative to it
  std::string token;                // that nobody can guess
  // What the file of the summary may hold in all; GitHub refuses one of more than 1 MiB.
  std::uint64_t summary_limit = 1'000'000;
};

class GithubReporter final : public Reporter {
 public:
  static constexpr std::size_t kMost = 10;

  explicit GithubReporter(GithubOptions options);
  ~GithubReporter() override;
  void begin(const RunInfo& run) override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 128 random bits in hexadecimal.
Result<std::string> random_token();

}  // namespace bootrig
