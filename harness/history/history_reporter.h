// HistoryReporter: puts a run into the history as it goes, at most a few thousand results behind, and compares it at its
// end with what was known before. Trouble with the history never stops a run: it is kept for the caller to warn of, once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "history/comparison.h"
#include "history/history.h"
#include "run/result.h"

namespace bootrig {

struct HistoryReporterOptions {
  std::filesystem::path path;
  std::filesystem::path run_folder;
  bool resumed = false;  // the run takes the place of the unfinished one of its folder
};

class HistoryReporter final : public Reporter {
 public:
  explicit HistoryReporter(HistoryReporterOptions options) : options_(std::move(options)) {}

  void begin(const RunInfo& run) override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

  // The run against the latest earlier result of each of its testcases; null until it has ended, and after trouble.
  const Comparison* comparison() const { return comparison_ ? &*comparison_ : nullptr; }
  const std::filesystem::path& path() const { return options_.path; }
  // The run in the history; none: before its beginning, and where that failed.
  std::optional<std::int64_t> run_id() const { return id_; }
  // Why the run is not, or not wholly, in the history.
  const std::optional<Error>& trouble() const { return trouble_; }

 private:
  Result<void> open();
  Result<void> flush();
  Result<void> compare_with_past(const RunInfo& run);
  void note(const Result<void>& done);

  HistoryReporterOptions options_;
  RunRecord run_;
  std::optional<History> history_;
  std::optional<std::int64_t> id_;
  std::vector<ResultRecord> waiting_;
  CellStates states_;
  std::optional<Comparison> comparison_;
  std::optional<Error> trouble_;
};

}  // namespace bootrig
