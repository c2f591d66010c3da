// TerminalReporter: what a person, or a CI server's log, sees of a run.
//
// On a terminal: one line that is redrawn with how far the run is, at most ten times a second, and
// cleared before any other text. In a log: a line for each testcase that did not plainly pass, and
// how far the run is now and then. At the end, both: every different failure with its story, the
// table of targets, and the totals as the last line.
//
// No line begins with bytes of a guest: CI servers take orders from lines that begin with "::".
#pragma once

#include <cstdio>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "history/comparison.h"
#include "reports/style.h"
#include "run/result.h"

namespace bootrig {

struct TerminalOptions {
  std::FILE* output = stdout;
  bool is_terminal = false;
  Style style;  // colour: the caller has looked at NO_COLOR
  // Asked once at the end: the run against its past, or null. May be empty.
  std::function<const Comparison*()> past = {};
};

class TerminalReporter final : public Reporter {
 public:
  // The clock must outlive the reporter.
  TerminalReporter(TerminalOptions options, const Clock& clock);
  ~TerminalReporter() override;

  void begin(const RunInfo& run) override;
  void started(const std::string& id) override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;
  void tick() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
