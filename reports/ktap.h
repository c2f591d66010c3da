// KTAP version 1 (Linux, Documentation/dev-tools/ktap.rst): one subtest per target, one result per scenario on it, for
// kernel CIs that read consoles.
//
// A met expected failure is "ok ... # XFAIL", a quarantined one "not ok ... # TODO", a skip "ok ... # SKIP", a timeout
// "# TIMEOUT", an error "# ERROR". The story of what is not ok stands in front of it as diagnostic lines. No line begins
// with a guest's bytes. '#' begins a directive: a name has '.' in its place. A run that did not give all its results has
// a subtest "bootrig" that is not ok.
#pragma once

#include <filesystem>
#include <memory>

#include "run/result.h"

namespace bootrig {

struct KtapOptions {
  std::filesystem::path path;
};

// Memory: counts per target; the results go to a nameless file beside the report.
class KtapReporter final : public Reporter {
 public:
  explicit KtapReporter(KtapOptions options);
  ~KtapReporter() override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
