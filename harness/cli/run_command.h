// A run as the commands make it: plan, build, boot, judge, report, remember. Shared by run and qualify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/history_options.h"
#include "cli/host_options.h"
#include "cli/parameters.h"
#include "cli/report_options.h"
#include "cli/selection_options.h"
#include "run/runner.h"

namespace bootrig {

struct RunCommandOptions {
  SelectionOptions selection;
  HistoryOptions history;
  HostOptions hosts;
  std::string output = "out";
  std::string junit;
  std::string junit_flavor = "strict";
  std::string html;  // empty: report.html in the output folder; "off": nowhere
  ReportOptions reports;
  ParameterOptions parameters;
  bool no_cache = false;  // of images
  unsigned jobs = 0;
  unsigned retries = 0;
  bool recheck = false;
  unsigned rounds = 1;  // the whole plan so many times, until something fails
  std::string triage = "failures";
  bool strict_preflight = false;
  double timeout_multiplier = 1.0;
  std::optional<Duration> silence_ends;
  bool resume = false;
  bool until_fail = false;
  bool fail_fast = false;
  bool dry_run = false;
};

struct PerformedRun {
  Plan plan;
  std::vector<Recipe> recipes;
  RunEnd end;  // of a dry run: nothing
};

Result<PerformedRun> perform_run(const RunCommandOptions& options);

// Boots the plan for a command that makes its own of the results: only `reporters` are told, nothing is remembered.
Result<RunEnd> boot_plan(const RunCommandOptions& options, const Project& project, const Plan& plan,
                         std::vector<Reporter*> reporters);

}  // namespace bootrig
