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

namespace CLI {
class App;
}

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
  bool triage_rerun = false;
  bool strict_preflight = false;
  double timeout_multiplier = 1.0;
  std::optional<Duration> silence_ends;
  bool resume = false;
  bool until_fail = false;
  bool fail_fast = false;
  bool dry_run = false;
  std::string engine = "local";
  std::vector<std::string> engine_options;  // "name=value"
  std::string plan;                         // folder of another process' plan.jsonl, whose shards these are; or empty
};

// The images that the plan boots, each once.
std::vector<std::string> images_of(const Plan& plan);

struct PerformedRun {
  Plan plan;
  std::vector<Recipe> recipes;
  RunEnd end;  // of a dry run: nothing
};

// What the reports say of the run as a whole, as it begins.
RunInfo describe_run(const std::string& name, ProcessLauncher& launcher, const Project& project);
// `stops_early`: the run was asked to leave testcases out after a failure.
int run_exit_status(const RunEnd& end, bool stops_early);

// --output, --junit, --html, --report and --history: what becomes of the results.
void add_result_options(CLI::App& app, RunCommandOptions& options);

RunOptions to_run_options(const RunCommandOptions& options, unsigned repeat);
// Raised by signals, which may come until the process ends.
const Interrupt& interrupt_of_process();
ImageBuilder make_builder(std::vector<Recipe> recipes, const RunCommandOptions& options,
                          std::map<std::string, std::string> settings, const Interrupt& interrupt,
                          ProcessLauncher& launcher);

Result<PerformedRun> perform_run(const RunCommandOptions& options);

// Boots the plan for a command that makes its own of the results: only `reporters` are told, nothing is remembered.
Result<RunEnd> boot_plan(const RunCommandOptions& options, const Project& project, const Plan& plan,
                         std::vector<Reporter*> reporters);

}  // namespace bootrig
