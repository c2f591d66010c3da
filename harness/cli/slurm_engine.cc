#include "cli/slurm_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/run_reporters.h"
#include "history/history.h"
#include "slurm/slurm_run.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// So many earlier runs tell how long a cell takes; the latest that has it counts.
constexpr std::size_t kRunsAsked = 10;

void remark(const std::string& text) {
  fmt::print(stderr, "bootrig: {}\n", printable(text));
}

Result<void> check_options(const RunCommandOptions& options) {
  const auto refuse = [](const char* option, const char* why) {
    return fail("--engine slurm", fmt::format("{} {}", option, why));
  };
  if (!options.selection.shard.empty()) return refuse("--shard", "is for hosts that know nothing of each other");
  if (!options.plan.empty()) return refuse("--plan", "is for the tasks themselves");
  if (options.until_fail) return refuse("--until-fail", "needs an order in time, which tasks have not");
  if (options.jobs > 0) return refuse("--jobs", "is what '--engine-option cpus=N' says of a task");
  return {};
}

// How long each cell took when it was last booted; empty where nothing is remembered.
std::map<std::string, Duration> remembered_durations(const RunCommandOptions& options, const Project& project) {
  std::map<std::string, Duration> durations;
  const auto file = history_file(options.history, project);
  std::error_code error;
  if (!file || !fs::exists(*file, error)) return durations;
  const auto history = History::open(*file);
  const auto rows = history ? history->runs(kRunsAsked) : std::vector<RunRow>{};
  if (!rows) return durations;
  for (const RunRow& row : *rows) {
    const auto run = history->run(row.run.id);
    if (!run) continue;
    std::map<std::string, Duration> found;
    for (const ResultRecord& result : run->results) {
      if (result.verdict == VerdictKind::kSkip || result.verdict == VerdictKind::kError) continue;
      Duration& longest = found[result.cell];
      longest = std::max(longest, result.duration);
    }
    durations.merge(found);  // the latest run comes first
  }
  return durations;
}

void add(std::vector<std::string>& words, const char* option, const std::vector<std::string>& values) {
  for (const std::string& value : values) words.insert(words.end(), {option, value});
}

// The selection, as a task makes it again.
std::vector<std::string> selection_words(const RunCommandOptions& options, const Selection& selection,
                                         const Project& project) {
  std::vector<std::string> words = selection.patterns;
  add(words, "--matrix", selection.matrices);
  add(words, "--target", selection.targets);
  add(words, "--scenario", selection.scenarios);
  add(words, "--tag", selection.tags);
  if (selection.repeat > 1) add(words, "--repeat", {std::to_string(selection.repeat)});
  if (selection.shuffle) words.push_back(fmt::format("--shuffle={}", *selection.shuffle));
  add(words, "--project", {project.root().string()});
  const std::vector<std::string> hosts = host_words(options.hosts);
  words.insert(words.end(), hosts.begin(), hosts.end());
  return words;
}

// What a task runs; its shard and folder are added by its script.
std::vector<std::string> task_command(const RunCommandOptions& options, const Selection& selection,
                                      const Project& project, const SlurmOptions& slurm) {
  std::vector<std::string> words{program_path().string(), "run"};
  const std::vector<std::string> selected = selection_words(options, selection, project);
  words.insert(words.end(), selected.begin(), selected.end());
  add(words, "--set", options.parameters.settings);
  if (!options.parameters.file.empty()) add(words, "--parameters", {options.parameters.file});
  if (options.retries > 0) add(words, "--retries", {std::to_string(options.retries)});
  if (options.recheck) words.emplace_back("--recheck");
  if (options.triage_rerun) words.emplace_back("--triage-rerun");
  if (options.strict_preflight) words.emplace_back("--strict-preflight");
  if (options.fail_fast) words.emplace_back("--fail-fast");
  if (options.no_cache) words.emplace_back("--no-cache");
  if (options.timeout_multiplier != 1.0) {
    add(words, "--timeout-multiplier", {fmt::format("{}", options.timeout_multiplier)});
  }
  add(words, "--triage", {options.triage});
  add(words, "--jobs", {std::to_string(slurm.cpus)});
  add(words, "--html", {"off"});
  words.insert(words.end(), {"--no-history", "--resume"});
  return words;
}

// The words that a repeated testcase needs. On the way the images are built: the tasks then find them in the cache, where
// the hosts share the user's folder.
Result<RunOptions> words_of_run(const RunCommandOptions& options, const Project& project, const Plan& plan,
                                ProcessLauncher& launcher) {
  RunOptions run_options = to_run_options(options, 1);
  BOOTRIG_TRY(const std::vector<Recipe> recipes, project.recipes());
  BOOTRIG_TRY(auto settings, user_parameters(options.parameters, recipes, images_of(plan)));
  for (const std::string& image : images_of(plan)) {
    run_options.repeat_settings[image] = settings_of(image, recipes, settings);
  }
  if (options.no_cache || options.dry_run) return run_options;
  ImageBuilder images = make_builder(recipes, options, std::move(settings), interrupt_of_process(), launcher);
  std::vector<ImageRequest> requests;
  for (const Testcase& testcase : plan.testcases) {
    if (!testcase.skip) {
      requests.push_back({testcase.scenario->image, testcase.scenario->parameters, testcase.target.machine});
    }
  }
  // What cannot be built is told by the tasks, testcase by testcase.
  (void)images.build(requests);
  return run_options;
}

// The folder of the tasks: the plan and the script. Without --resume what an earlier run left there is deleted.
Result<void> prepare_folder(const RunCommandOptions& options, const SlurmRun& run,
                            const std::vector<std::string>& command) {
  const fs::path folder = shards_folder(run.output);
  std::error_code error;
  if (!options.resume) fs::remove_all(folder, error);
  BOOTRIG_TRY_VOID(make_folders(folder));
  BOOTRIG_TRY_VOID(write_plan_record(folder, run.plan));
  return write_file(run.job.script, task_script(command, folder, run.plan.shards));
}

// How an interrupted run of the same testcases was divided, by cell; none: there was none.
Result<std::map<std::string, unsigned>> earlier_division(const RunCommandOptions& options, const Plan& plan) {
  const fs::path folder = shards_folder(options.output);
  std::map<std::string, unsigned> dealt;
  std::error_code error;
  if (!options.resume || !fs::exists(folder / "plan.jsonl", error)) return dealt;
  BOOTRIG_TRY(const PlanRecord earlier, read_plan_record(folder));
  for (std::size_t i = 0; i < earlier.testcases.size(); ++i) {
    dealt.emplace(cell_of(earlier.testcases[i].id), earlier.shard_of[i]);
  }
  const bool same = dealt.size() == plan.testcases.size() &&
                    std::ranges::all_of(plan.testcases, [&](const auto& one) { return dealt.contains(one.cell); });
  if (same) return dealt;
  return fail(
      (folder / "plan.jsonl").string(),
      "is of a run of other testcases; resume it with the selection it was begun with, or leave --resume away to "
      "begin anew");
}

// The groups of a division that was made before: what a shard's testcases need has not changed.
Division division_of(const std::map<std::string, unsigned>& dealt, const Plan& plan,
                     const std::vector<std::string>& features, const SlurmOptions& options) {
  const Division fresh = divide_plan(plan.testcases, {}, features, options);
  std::map<unsigned, const SlurmNeeds*> group_of;
  for (const TaskGroup& group : fresh.groups) {
    for (const unsigned shard : group.shards) group_of.emplace(shard, &group.needs);
  }
  Division division;
  std::map<SlurmNeeds, std::set<unsigned>> groups;
  for (std::size_t i = 0; i < plan.testcases.size(); ++i) {
    const unsigned shard = dealt.at(plan.testcases[i].cell);
    division.shard_of.push_back(shard);
    division.shards = std::max(division.shards, shard);
    groups[*group_of.at(fresh.shard_of[i])].insert(shard);
  }
  for (const auto& [needs, shards] : groups) division.groups.push_back({needs, {shards.begin(), shards.end()}});
  return division;
}

// The plan without repetitions, in tasks.
Result<Division> divide(const RunCommandOptions& options, const Selection& selection, const SlurmOptions& slurm,
                        const std::vector<std::string>& features, const Plan& once) {
  BOOTRIG_TRY(const auto dealt, earlier_division(options, once));
  if (!dealt.empty()) return division_of(dealt, once, features, slurm);
  return divide_plan(once.testcases, selection.durations, features, slurm);
}

struct PreparedRun {
  Plan plan;  // of all shards
  SlurmRun run;
};

Result<PreparedRun> prepare(const RunCommandOptions& options, const Project& project, Selection selection,
                            SlurmClient& client, ProcessLauncher& launcher) {
  PreparedRun prepared;
  BOOTRIG_TRY(const SlurmOptions slurm, parse_slurm_options(options.engine_options));
  BOOTRIG_TRY(const std::vector<std::string> features, client.features());
  if (selection.durations.empty()) selection.durations = remembered_durations(options, project);
  Selection once = selection;
  once.repeat = 1;
  BOOTRIG_TRY(const Plan single, make_plan(project, once, today_utc()));
  BOOTRIG_TRY(const Division division, divide(options, selection, slurm, features, single));
  const std::vector<std::string> command = task_command(options, selection, project, slurm);
  for (std::size_t i = 0; i < single.testcases.size(); ++i) {
    selection.dealt.emplace(single.testcases[i].cell, division.shard_of[i]);
  }
  selection.shards = division.shards;
  BOOTRIG_TRY(prepared.plan, make_plan(project, selection, today_utc()));

  SlurmRun& run = prepared.run;
  run.output = fs::absolute(options.output).lexically_normal();
  run.options = slurm;
  run.groups = division.groups;
  run.fail_fast = options.fail_fast;
  const fs::path folder = shards_folder(run.output);
  const unsigned boots =
      selection.repeat * (1 + options.retries + (options.recheck ? 1 : 0) + (options.triage_rerun ? 1 : 0));
  run.job = {.name = "bootrig-" + prepared.plan.name,
             .script = folder / "task.sh",
             .folder = folder,
             .cpus = slurm.cpus,
             .minutes = limit_minutes(single.testcases, division, slurm, boots, options.timeout_multiplier),
             .memory_mib = memory_mib(single.testcases, slurm),
             .words = slurm.sbatch};
  BOOTRIG_TRY(RunOptions words, words_of_run(options, project, prepared.plan, launcher));
  RunInfo info = describe_run(prepared.plan.name, launcher, project);
  run.plan = plan_record(prepared.plan, info, {words.repeat_options, words.repeat_settings});
  run.plan.info.planned = run.plan.testcases.size();
  for (RunResult& testcase : run.plan.testcases) {
    const auto known = selection.durations.find(std::string(cell_of(testcase.id)));
    if (known != selection.durations.end()) testcase.duration = known->second;
  }
  if (!options.dry_run) BOOTRIG_TRY_VOID(prepare_folder(options, run, command));
  return prepared;
}

Result<int> submit_and_report(const RunCommandOptions& options, const Project& project, const SlurmRun& run,
                              SlurmClient& client) {
  const SteadyClock clock;
  BOOTRIG_TRY(const auto reporters, make_run_reporters(options, project, run.plan.info.name, clock));
  RunReport report(run.plan.info, reporters->all());
  const auto end = run_on_slurm(run, {client, clock, interrupt_of_process(), report, remark});
  reporters->warn();
  if (!end) return std::unexpected(end.error());
  return run_exit_status(*end, options.fail_fast);
}

}  // namespace

Result<int> run_by_slurm(const RunCommandOptions& options) {
  BOOTRIG_TRY_VOID(check_options(options));
  BOOTRIG_TRY(const Project project, open_project(options.selection.project));
  BOOTRIG_TRY(const Selection selection, to_selection(options.selection));
  BOOTRIG_TRY_VOID(parse_settings(options.parameters.settings));
  (void)interrupt_of_process();
  ForkingLauncher launcher;
  SlurmClient client(launcher);
  BOOTRIG_TRY(const PreparedRun prepared, prepare(options, project, selection, client, launcher));
  if (!options.dry_run) return submit_and_report(options, project, prepared.run, client);
  for (std::size_t i = 0; i < prepared.run.plan.testcases.size(); ++i) {
    fmt::print("{}/{} {}\n", prepared.run.plan.shard_of[i], prepared.run.plan.shards,
               prepared.run.plan.testcases[i].id);
  }
  return kExitExpected;
}

}  // namespace bootrig
