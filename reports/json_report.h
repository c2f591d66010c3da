// report.json: the whole record, for programs. reports/report.schema.json describes it; "schema"
// names its version, which changes when a reader of the old one would misread the new one.
//
// Results stand in the order of finishing, one line each, so that line tools work on it too. Times
// are milliseconds.
#pragma once

#include <filesystem>
#include <memory>

#include "run/result.h"

namespace bootrig {

struct JsonReportOptions {
  std::filesystem::path path;
};

// Memory: none per result; they go to a nameless file beside the report.
class JsonReporter final : public Reporter {
 public:
  explicit JsonReporter(JsonReportOptions options);
  ~JsonReporter() override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
