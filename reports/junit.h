// junit.xml: the format that CI servers read. One suite per target, one testcase per scenario on
// it.
//
// kStrict holds nothing but what all known readers accept (reports/junit.xsd). kExtended adds
// <properties> to each testcase: verdict, termination, durations, captures, image. Numbers are
// seconds with three decimals.
//
// A met expected failure is an ordinary pass, an unexpected pass a failure of type
// "unexpected-pass", a quarantined failure is skipped, retries are flakyFailure and rerunFailure. A
// run that did not give all its results says so in a suite of its own, "bootrig": a short report
// must not look like a good one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "run/result.h"

namespace bootrig {

enum class JUnitFlavor { kStrict, kExtended };

struct JUnitOptions {
  std::filesystem::path path;
  JUnitFlavor flavor = JUnitFlavor::kStrict;
  // What attempts' folders are relative to; attachments are written relative to the report's
  // folder. Empty: as they are.
  std::filesystem::path run_folder;
  // What a CI server takes: GitLab refuses files of 30 MB. Transcripts past this are left out, with
  // a word about it.
  std::uint64_t transcript_budget = std::uint64_t{20} << 20;
};

// Memory: counts per target and 16 bytes per result; the results themselves go to a nameless file
// beside the report.
class JUnitReporter final : public Reporter {
 public:
  explicit JUnitReporter(JUnitOptions options);
  ~JUnitReporter() override;
  void started(const std::string& id) override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
