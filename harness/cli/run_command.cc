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
#include "cli/run_command.h"
#include "cli/run_reporters.h"
#include "cli/slurm_engine.h"
#include "reports/html_page.h"
#include "run/plan_record.h"
#include "run/runner.h"

namespace bootrig {
namespace {

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
  const std::vector<std::string> hosts = host_words(options.hosts);
  words.insert(words.end(), hosts.begin(), hosts.end());
  // In a folder of its own: the run's evidence stays.
  if (options.output != RunCommandOptions().output) {
    words.insert(words.end(), {"--output", (std::filesystem::path(options.output) / "repeat").string()});
  }
  if (options.strict_preflight) words.emplace_back("--strict-preflight");
  if (options.timeout_multiplier != 1.0) {
    words.insert(words.end(), {"--timeout-multiplier", fmt::format("{}", options.timeout_multiplier)});
  }
  return words;
}

// What `options` ask for is run and reported.
Result<RunEnd> run_and_report(const RunCommandOptions& options, const RunOptions& run_options, const Project& project,
                              const Plan& plan, ImageBuilder& images, ProcessLauncher& launcher,
                              const Interrupt& interrupt) {
  const SteadyClock clock;
  BOOTRIG_TRY(OtherHosts others, other_hosts(options.hosts, project));
  const auto machines = make_machine_factory(launcher, clock, interrupt, std::move(others));
  BOOTRIG_TRY(const auto reporters, make_run_reporters(options, project, plan.name, clock));
  Preflight preflight(launcher);
  const RunContext context{*machines, images, clock, interrupt, reporters->all(), &preflight};
  auto end = run_plan(plan, run_options, describe_run(plan.name, launcher, project), context);
  reporters->warn();
  return end;
}

// By cell, the shard that the plan in the folder gives it, and how long it is expected to take.
Result<void> deal_as_planned(const std::string& folder, Selection& selection) {
  BOOTRIG_TRY(const PlanRecord plan, read_plan_record(folder));
  if (plan.shards != selection.shards) {
    return fail("--plan",
                fmt::format("{} is a plan of {} shards, and --shard says {}", folder, plan.shards, selection.shards));
  }
  for (std::size_t i = 0; i < plan.testcases.size(); ++i) {
    const std::string cell(cell_of(plan.testcases[i].id));
    selection.dealt.emplace(cell, plan.shard_of[i]);
    if (plan.testcases[i].duration > Duration{0}) selection.durations.emplace(cell, plan.testcases[i].duration);
  }
  return {};
}

// After a run that was not as expected: the page, and the command that explains.
void tell_where_to_look(const RunCommandOptions& options) {
  const std::filesystem::path folder = options.output;
  const std::filesystem::path page =
      options.html.empty() ? folder / "report.html" : std::filesystem::path(options.html);
  if (options.html != "off" && html_page()) fmt::print("{} shows it; ", page.string());
  fmt::print("{} explains it\n", shell_quote({"bootrig", "triage", options.output}));
}

// The story of the command.
Result<int> run(const RunCommandOptions& options) {
  if (options.engine == "slurm") return run_by_slurm(options);
  if (!options.engine_options.empty()) return fail("--engine-option", "the engine local has no options");
  BOOTRIG_TRY(const PerformedRun run, perform_run(options));
  if (!options.dry_run) {
    if (run.end.gating > 0) tell_where_to_look(options);
    return run_exit_status(run.end, options.fail_fast || options.until_fail);
  }
  for (const Testcase& testcase : run.plan.testcases) fmt::print("{}\n", testcase.id);
  return kExitExpected;
}

constexpr const char* kRunFooter =
    "Writes junit.xml, report.json, report.html and cells/ (transcripts, times, command lines) to the output folder, "
    "and\n"
    "keeps a journal there: a run that was interrupted or killed goes on with --resume.\n"
    "\n"
    "  bootrig run --matrix smoke                      a matrix\n"
    "  bootrig run 'boot/*' --target 'virt*gic=3*'     part of all matrices\n"
    "  bootrig run boot/hello@virt-el2-gicv3           one cell, in a matrix or not\n"
    "  bootrig run --matrix nightly --shard 1/4 -j4    a quarter of the work; 'bootrig merge' joins the quarters\n"
    "  bootrig run --matrix nightly --engine slurm     on the nodes of a Slurm cluster (docs/beyond-one-machine.md)\n"
    "\n"
    "Exit status: 0 all as expected, 1 something was not, 2 there is no trustworthy set of results.";

}  // namespace

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
  run.recheck = options.recheck;
  run.fail_fast = options.fail_fast || options.until_fail;
  run.timeout_multiplier = options.timeout_multiplier;
  run.silence_ends = options.silence_ends;
  run.repeat_options = repeat_options(options);
  run.strict_preflight = options.strict_preflight;
  run.triage_rerun = options.triage_rerun;
  run.capacity = host_capacity();
  if (options.jobs > 0) run.capacity.jobs = options.jobs;
  run.rounds = options.rounds;
  if (options.until_fail) run.rounds = repeat > 1 ? repeat : kEndlessRounds;
  return run;
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

const Interrupt& interrupt_of_process() {
  static Interrupt interrupt;
  static const bool listens = (interrupt_on_signals(interrupt), true);
  (void)listens;
  return interrupt;
}

RunInfo describe_run(const std::string& name, ProcessLauncher& launcher, const Project& project) {
  RunInfo info;
  info.name = name;
  info.command = command_line();
  info.host = describe_host();
  info.revision = git_revision(launcher, project.root());
  info.tool_version = BOOTRIG_VERSION;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  info.started_at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return info;
}

int run_exit_status(const RunEnd& end, bool stops_early) {
  if (end.interrupted) {
    fmt::print(stderr, "bootrig: interrupted: {} no result; --resume goes on\n",
               end.missing == 1 ? "1 testcase has" : fmt::format("{} testcases have", end.missing));
    return kExitUntrustworthy;
  }
  if (end.gating > 0) return kExitUnexpected;
  return end.missing > 0 && !stops_early ? kExitUntrustworthy : kExitExpected;
}

Result<PerformedRun> perform_run(const RunCommandOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.selection.project));
  BOOTRIG_TRY(Selection selection, to_selection(options.selection));
  BOOTRIG_TRY_VOID(parse_settings(options.parameters.settings));
  RunOptions run_options = to_run_options(options, selection.repeat);
  if (!options.plan.empty()) run_options.plan_file = std::filesystem::path(options.plan) / "plan.jsonl";
  BOOTRIG_TRY(run_options.triage_limit, parse_triage(options.triage));
  if (options.until_fail) selection.repeat = 1;
  if (!options.plan.empty()) BOOTRIG_TRY_VOID(deal_as_planned(options.plan, selection));
  if (options.resume && options.plan.empty() &&
      !std::filesystem::exists(std::filesystem::path(options.output) / "journal.jsonl")) {
    fmt::print(stderr, "bootrig: --resume: there is no journal in {}, so the run begins anew\n",
               printable(options.output));
  }
  PerformedRun run;
  BOOTRIG_TRY(run.plan, make_plan(project, selection, today_utc()));
  if (options.selection.shuffle == "random") fmt::print("shuffled with --shuffle={}\n", *selection.shuffle);
  if (options.dry_run) return run;
  BOOTRIG_TRY(run.recipes, project.recipes());
  BOOTRIG_TRY(auto settings, user_parameters(options.parameters, run.recipes, images_of(run.plan)));
  for (const std::string& image : images_of(run.plan)) {
    run_options.repeat_settings[image] = settings_of(image, run.recipes, settings);
  }

  const Interrupt& interrupt = interrupt_of_process();
  ForkingLauncher launcher;
  ImageBuilder images = make_builder(run.recipes, options, std::move(settings), interrupt, launcher);
  BOOTRIG_TRY(run.end, run_and_report(options, run_options, project, run.plan, images, launcher, interrupt));
  return run;
}

Result<RunEnd> boot_plan(const RunCommandOptions& options, const Project& project, const Plan& plan,
                         std::vector<Reporter*> reporters) {
  BOOTRIG_TRY(std::vector<Recipe> recipes, project.recipes());
  BOOTRIG_TRY(auto settings, user_parameters(options.parameters, recipes, images_of(plan)));
  RunOptions run_options = to_run_options(options, 1);
  run_options.triage_limit = 0;
  const Interrupt& interrupt = interrupt_of_process();
  const SteadyClock clock;
  ForkingLauncher launcher;
  ImageBuilder images = make_builder(std::move(recipes), options, std::move(settings), interrupt, launcher);
  BOOTRIG_TRY(OtherHosts others, other_hosts(options.hosts, project));
  const auto machines = make_machine_factory(launcher, clock, interrupt, std::move(others));
  RunContext context{*machines, images, clock, interrupt, std::move(reporters)};
  return run_plan(plan, run_options, describe_run(plan.name, launcher, project), context);
}

void add_result_options(CLI::App& app, RunCommandOptions& options) {
  app.add_option("--output,-o", options.output, "The run's folder")->capture_default_str();
  app.add_option("--junit", options.junit, "Where JUnit is written; default: junit.xml in the output folder");
  app.add_option("--junit-flavor", options.junit_flavor, "strict, or extended: properties of each testcase")
      ->check(CLI::IsMember({"strict", "extended"}));
  app.add_option("--html", options.html,
                 "Where the page for people is written; default: report.html in the output folder; off: nowhere");
  add_report_options(app, options.reports);
  add_history_options(app, options.history, /*may_be_off=*/true);
}

void add_run_command(CLI::App& app, int& status) {
  auto options = std::make_shared<RunCommandOptions>();
  add_selection_options(app, options->selection);
  app.add_option("--jobs,-j", options->jobs, "So many machines at once on this host; default: one a core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--retries", options->retries, "Try a testcase that was not as expected again; a pass is then 'flaky'")
      ->check(CLI::Range(0, 100));
  app.add_flag("--recheck", options->recheck,
               "Boot a failure once more on the same machine made deterministic (TCG): was it timing, or a change?");
  app.add_flag("--until-fail", options->until_fail, "Repeat until something fails, at most --repeat rounds (1000000)");
  app.add_flag("--fail-fast", options->fail_fast, "Begin nothing after the first failure");
  app.add_option("--timeout-multiplier", options->timeout_multiplier, "All time limits times this, for slow hosts")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--triage", options->triage, "Look at the stopped machine of: off, failures, or so many of them")
      ->capture_default_str();
  app.add_flag("--triage-rerun", options->triage_rerun,
               "Boot a failure that was looked at once more, stopped where its exception is taken (QEMU only)");
  app.add_flag("--strict-preflight", options->strict_preflight,
               "What preflight says cannot boot is an error (image-build), without a boot");
  add_result_options(app, *options);
  app.add_flag("--resume", options->resume, "Go on with the run that was interrupted in the output folder");
  add_host_options(app, options->hosts);
  add_parameter_options(app, options->parameters);
  app.add_flag("--no-cache", options->no_cache, "Build each image anew in a new output folder, and keep none");
  app.add_option("--engine", options->engine, "local: machines run here; slurm: tasks of a job array boot them")
      ->check(CLI::IsMember({"local", "slurm"}))
      ->capture_default_str();
  app.add_option("--engine-option", options->engine_options,
                 "name=value for slurm: shards, cpus, memory, time, poll, start-within, sbatch=WORD; repeatable")
      ->allow_extra_args(false);
  app.add_option("--plan", options->plan, "With --shard: the folder whose plan.jsonl says what is in each shard");
  app.add_flag("--dry-run,-n", options->dry_run, "Only name the testcases");
  app.footer(kRunFooter);
  app.callback([options, &status] {
    const auto done = run(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
