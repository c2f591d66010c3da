// The story of a run: images are built, each testcase is booted and judged, each result is on disk before it is
// reported. Testcases that were finished by an earlier, interrupted run of the same plan are taken over.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/image.h"
#include "machine/machine.h"
#include "run/plan.h"
#include "run/preflight.h"
#include "run/result.h"
#include "run/run_report.h"
#include "run/scheduler.h"

namespace bootrig {

struct RunOptions {
  std::filesystem::path output;  // the run's folder
  bool resume = false;
  unsigned retries = 0;    // further attempts of a testcase that was not as expected
  bool recheck = false;    // boot a failure once more on the same machine made deterministic
  bool fail_fast = false;  // begin nothing after the first result that gates
  unsigned rounds = 1;     // the whole plan, so many times, until a round has a result that gates
  double timeout_multiplier = 1.0;
  std::optional<Duration> silence_ends;  // as in SessionOptions
  unsigned triage_limit = ~0u;           // so many failures are looked at
  bool triage_rerun = false;             // and booted once more, stopped at the exception (rerun.h)
  // What preflight says cannot boot is not booted, unless a failure is expected.
  bool strict_preflight = false;
  Capacity capacity;
  // Options that the command which repeats one testcase needs: "--project", its folder, ...
  std::vector<std::string> repeat_options;
  // Another process' record of the plan, which this run is a shard of; empty: this run records the plan itself.
  std::filesystem::path plan_file;
  // By image, those that set its parameters: "--set", "fault=none", ...
  std::map<std::string, std::vector<std::string>> repeat_settings;
};

// What a run uses of the outside world.
struct RunContext {
  MachineFactory& machines;
  ImageBuilder& images;
  const Clock& clock;
  const Interrupt& interrupt;
  std::vector<Reporter*> reporters;
  Preflight* preflight = nullptr;  // none: images are not looked at
};

// Errors mean that there is no trustworthy set of results: the folder cannot be written, the journal is of another
// plan, a report could not be written.
Result<RunEnd> run_plan(const Plan& plan, const RunOptions& options, RunInfo info, const RunContext& context);

}  // namespace bootrig
