// The reporters of a run as the commands want them: terminal, JUnit, report.json, the page, the history, and those of
// --report. Shared by run and merge.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/run_command.h"
#include "run/project.h"
#include "run/result.h"

namespace bootrig {

class RunReporters {
 public:
  virtual ~RunReporters() = default;
  // In the order in which they must hear of the end.
  virtual std::vector<Reporter*> all() = 0;
  // Warns of what the history could not take in. Call once, after the end.
  virtual void warn() const = 0;
};

// `name`: the run's. The clock must outlive them. Errors: a report that there is not.
Result<std::unique_ptr<RunReporters>> make_run_reporters(const RunCommandOptions& options, const Project& project,
                                                         const std::string& name, const Clock& clock);

}  // namespace bootrig
