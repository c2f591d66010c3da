// ctrf.json: the Common Test Report Format (ctrf.io), which dashboards and pull-request comments read.
// reports/ctrf.schema.json holds what it demands of us.
//
// A met expected failure passed, a failure in quarantine is "other"; `rawStatus` has bootrig's own word. A run that did
// not give all its results has a failed test "bootrig: the run" that says so: a short report must not look like a good
// one. Guests' bytes are UTF-8 and escaped as JSON demands.
#pragma once

#include <filesystem>
#include <memory>

#include "run/result.h"

namespace bootrig {

struct CtrfOptions {
  std::filesystem::path path;
  std::filesystem::path project;  // its folder: where expectations stand
};

// Memory: counts; the tests go to a nameless file beside the report.
class CtrfReporter final : public Reporter {
 public:
  explicit CtrfReporter(CtrfOptions options);
  ~CtrfReporter() override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
