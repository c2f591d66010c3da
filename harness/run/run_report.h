// RunReport: tells a run's reporters of its results, and counts them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "run/result.h"

namespace bootrig {

struct RunEnd {
  RunTotals totals;
  std::size_t missing = 0;  // planned, without a result
  std::size_t gating = 0;   // results that were not as expected
  bool interrupted = false;
};

class RunReport {
 public:
  RunReport(RunInfo info, std::vector<Reporter*> reporters)
      : info_(std::move(info)), reporters_(std::move(reporters)) {}

  RunInfo& info() { return info_; }
  const RunTotals& totals() const { return end_.totals; }

  void begin();
  void started(const std::string& id);
  void finished(const RunResult& result);
  void tick();
  // `planned`: testcases that should have a result. The first error of a reporter; each is told, whatever became of the
  // one before: a full disk must not silence the terminal.
  Result<RunEnd> end(std::size_t planned, bool interrupted);

 private:
  RunInfo info_;
  std::vector<Reporter*> reporters_;
  RunEnd end_;
};

}  // namespace bootrig
