// bootrig run: the main job. Plan, build, boot, judge, report.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/parameters.h"
#include "cli/selection_options.h"
#include "reports/json_report.h"
#include "reports/junit.h"
#include "reports/terminal.h"
#include "run/runner.h"

namespace bootrig {
namespace {

struct RunCommandOptions {
  SelectionOptions selection;
  std::string output = "out";
  std::string junit;
  std::string junit_flavor = "strict";
  ParameterOptions parameters;
  bool no_cache = false;
  unsigned jobs = 0;
  unsigned retries = 0;
  std::string triage = "failures";
  double timeout_multiplier = 1.0;
  bool resume = false;
  bool until_fail = false;
  bool fail_fast = false;
  bool dry_run = false;
};

// --until-fail without --repeat goes on until something fails; this many rounds are as good as that.
constexpr unsigned kEndlessRounds = 1'000'000;
// In a log, how often a build of images says how far it is.
constexpr Duration kBuildLogEvery = std::chrono::seconds(10);

// "off", "failures" (all of them), or how many.
Result<unsigned> parse_triage(const std::string& text) {
  if (text == "off") return 0u;
  if (text == "failures") return ~0u;
  const auto count = parse_count(text);
  if (!count || *count > ~0u) {
    return fail("--triage", fmt::format("'{}' is neither 'off', 'failures' nor a number", printable(text)));
  }
  return static_cast<unsigned>(*count);
}

// What decides how a testcase goes, beside its name.
std::vector<std::string> repeat_options(const RunCommandOptions& options) {
  std::vector<std::string> words;
  if (!options.selection.project.empty()) words.insert(words.end(), {"--project", options.selection.project});
  if (options.timeout_multiplier != 1.0) {
    words.insert(words.end(), {"--timeout-multiplier", fmt::format("{}", options.timeout_multiplier)});
  }
  return words;
}

// The images of a plan, each once.
std::vector<std::string> images_of(const Plan& plan) {
  std::set<std::string> images;
  for (const Testcase& testcase : plan.testcases) images.insert(testcase.scenario->image);
  return {images.begin(), images.end()};
}

RunOptions to_run_options(const RunCommandOptions& options, unsigned repeat) {
  RunOptions run;
  run.output = options.output;
  run.resume = options.resume;
  run.retries = options.retries;
  run.fail_fast = options.fail_fast || options.until_fail;
  run.timeout_multiplier = options.timeout_multiplier;
  run.repeat_options = repeat_options(options);
  run.capacity = host_capacity();
  if (options.jobs > 0) run.capacity.jobs = options.jobs;
  if (options.until_fail) run.rounds = repeat > 1 ? repeat : kEndlessRounds;
  return run;
}

RunInfo describe_run(const std::string& name, ProcessLauncher& launcher, const Project& project) {
  RunInfo info;
  info.name = name;
  if (auto command = read_file("/proc/self/cmdline")) {
    std::vector<std::string> words;
    for (const std::string_view word : split(*command, '\0')) words.emplace_back(word);
    if (!words.empty() && words.back().empty()) words.pop_back();
    info.command = shell_quote(words);
  }
  info.host = describe_host();
  info.revision = git_revision(launcher, project.root());
  info.tool_version = BOOTRIG_VERSION;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  info.started_at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return info;
}

ImageBuilder make_builder(std::vector<Recipe> recipes, const RunCommandOptions& options,
                          std::map<std::string, std::string> settings, const Interrupt& interrupt,
                          ProcessLauncher& launcher) {
  ImageBuilder::Options builder;
  builder.folder = std::filesystem::absolute(options.output) / "images";
  builder.program = program_path();
  builder.user_parameters = std::move(settings);
  builder.cache = user_cache_folder();
  builder.keep_images = !options.no_cache;
  builder.jobs = options.jobs;
  builder.interrupt = interrupt.descriptor();
  builder.progress = [terminal = is_terminal(STDERR_FILENO), told = SteadyClock().now()](int done, int total,
                                                                                         const std::string&) mutable {
    if (terminal)
      return fmt::print(stderr, "\r\x1b[Kbuilding images: {} of {}{}", done, total, done == total ? "\r\x1b[K" : "");
    const TimePoint now = SteadyClock().now();
    if (now - told < kBuildLogEvery) return;
    told = now;
    fmt::print(stderr, "building images: {} of {} steps\n", done, total);
  };
  return ImageBuilder(std::move(recipes), std::move(builder), launcher);
}

int exit_status(const RunEnd& end, bool stops_early) {
  if (end.interrupted) {
    fmt::print(stderr, "bootrig: interrupted: {} no result; --resume goes on\n",
               end.missing == 1 ? "1 testcase has" : fmt::format("{} testcases have", end.missing));
    return kExitUntrustworthy;
  }
  if (end.gating > 0) return kExitUnexpected;
  return end.missing > 0 && !stops_early ? kExitUntrustworthy : kExitExpected;
}

// The story of the command.
Result<int> run(const RunCommandOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.selection.project));
  BOOTRIG_TRY(Selection selection, to_selection(options.selection));
  BOOTRIG_TRY_VOID(parse_settings(options.parameters.settings));
  RunOptions run_options = to_run_options(options, selection.repeat);
  BOOTRIG_TRY(run_options.triage_limit, parse_triage(options.triage));
  if (options.until_fail) selection.repeat = 1;
  BOOTRIG_TRY(const Plan plan, make_plan(project, selection, today_utc()));
  if (options.selection.shuffle == "random") fmt::print("shuffled with --shuffle={}\n", *selection.shuffle);
  if (options.dry_run) {
    for (const Testcase& testcase : plan.testcases) fmt::print("{}\n", testcase.id);
    return kExitExpected;
  }
  BOOTRIG_TRY(auto recipes, project.recipes());
  BOOTRIG_TRY(auto settings, user_parameters(options.parameters, recipes, images_of(plan)));
  for (const std::string& image : images_of(plan)) {
    run_options.repeat_settings[image] = settings_of(image, recipes, settings);
  }

  const SteadyClock clock;
  Interrupt interrupt;
  interrupt_on_signals(interrupt);
  ForkingLauncher launcher;
  const auto machines = make_machine_factory(launcher, clock, interrupt);
  ImageBuilder images = make_builder(std::move(recipes), options, std::move(settings), interrupt, launcher);

  const int descriptor = STDOUT_FILENO;
  const std::filesystem::path folder = options.output;
  const std::filesystem::path junit =
      options.junit.empty() ? folder / "junit.xml" : std::filesystem::path(options.junit);
  TerminalReporter terminal({stdout,
                             is_terminal(descriptor),
                             {static_cast<std::size_t>(terminal_width(descriptor)), wants_colour(descriptor)}},
                            clock);
  JUnitReporter junit_reporter(
      {junit, options.junit_flavor == "extended" ? JUnitFlavor::kExtended : JUnitFlavor::kStrict, folder});
  JsonReporter json_reporter({folder / "report.json"});
  const RunContext context{*machines, images, clock, interrupt, {&terminal, &junit_reporter, &json_reporter}};
  BOOTRIG_TRY(const RunEnd end, run_plan(plan, run_options, describe_run(plan.name, launcher, project), context));
  return exit_status(end, options.fail_fast || options.until_fail);
}

constexpr const char* kFooter =
    "Writes junit.xml, report.json and cells/ (transcripts, times, command lines) to the output folder, and keeps a\n"
    "journal there: a run that was interrupted or killed goes on with --resume.\n"
    "\n"
    "  bootrig run --matrix smoke                      a matrix\n"
    "  bootrig run 'boot/*' --target 'virt*gic=3*'     part of all matrices\n"
    "  bootrig run boot/hello@virt-el2-gicv3           one cell, in a matrix or not\n"
    "  bootrig run --matrix nightly --shard 1/4 -j4    a quarter of the work\n"
    "\n"
    "Exit status: 0 all as expected, 1 something was not, 2 there is no trustworthy set of results.";

}  // namespace

void add_run_command(CLI::App& app, int& status) {
  auto options = std::make_shared<RunCommandOptions>();
  add_selection_options(app, options->selection);
  app.add_option("--jobs,-j", options->jobs, "So many machines at once; default: one a core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--retries", options->retries, "Try a testcase that was not as expected again; a pass is then 'flaky'")
      ->check(CLI::Range(0, 100));
  app.add_flag("--until-fail", options->until_fail, "Repeat (at most --repeat rounds) until something fails");
  app.add_flag("--fail-fast", options->fail_fast, "Begin nothing after the first failure");
  app.add_option("--timeout-multiplier", options->timeout_multiplier, "All time limits times this, for slow hosts")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--triage", options->triage, "Look at the stopped machine of: off, failures, or so many of them")
      ->capture_default_str();
  app.add_option("--output,-o", options->output, "The run's folder")->capture_default_str();
  app.add_flag("--resume", options->resume, "Go on with the run that was interrupted in the output folder");
  app.add_option("--junit", options->junit, "Where JUnit is written; default: junit.xml in the output folder");
  app.add_option("--junit-flavor", options->junit_flavor, "strict, or extended: properties of each testcase")
      ->check(CLI::IsMember({"strict", "extended"}));
  add_parameter_options(app, options->parameters);
  app.add_flag("--no-cache", options->no_cache, "Build each image anew in a new output folder, and keep none");
  app.add_flag("--dry-run,-n", options->dry_run, "Only name the testcases");
  app.footer(kFooter);
  app.callback([options, &status] {
    const auto done = run(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
