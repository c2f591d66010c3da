// bootrig merge: the shards of a run become one run, whatever hosts they ran on and whatever became of them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/run_command.h"
#include "cli/run_reporters.h"
#include "run/shard_collection.h"
#include "run/shard_folders.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct MergeCommandOptions {
  std::vector<std::string> folders;
  RunCommandOptions run;  // what becomes of the results
};

void remark(const std::string& text) {
  fmt::print(stderr, "bootrig: {}\n", printable(text));
}

std::string counted(std::size_t count) {
  return count == 1 ? "1 testcase" : fmt::format("{} testcases", count);
}

// The output folder is emptied of an earlier run's cells: it must be none of those that are read.
Result<void> check_output(const std::vector<ShardFolder>& folders, const fs::path& output) {
  std::error_code error;
  for (const ShardFolder& folder : folders) {
    if (!fs::equivalent(folder.folder, output, error)) continue;
    return fail("--output", fmt::format("{} is one of the folders to merge", output.string()));
  }
  return {};
}

Result<void> report_shard(const ShardFolder& folder, const fs::path& output, ShardCollection& collection,
                          RunReport& report) {
  BOOTRIG_TRY(std::vector<RunResult> results, collection.take(folder.plan.shard, folder.folder));
  for (RunResult& result : results) {
    if (result.verdict.kind != VerdictKind::kPass) restore_transcript(output, result);
    report.finished(result);
  }
  return {};
}

// What has no result is an error, one sentence says why.
void report_lost(unsigned shard, const std::string& why, const ShardCollection& collection, RunReport& report) {
  const std::vector<const RunResult*> open = collection.open_of(shard);
  if (open.empty()) return;
  const std::string name = fmt::format("shard {}/{}", shard, collection.plan().shards);
  remark(fmt::format("{} {}: {} of it {}", name, why, counted(open.size()),
                     open.size() == 1 ? "is an error" : "are errors"));
  for (const RunResult* planned : open) {
    report.finished(ShardCollection::lost(*planned, fmt::format("{} {}: it has no result", name, why)));
  }
}

Result<int> merge(const MergeCommandOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.run.selection.project));
  BOOTRIG_TRY(const auto folders, read_shard_folders({options.folders.begin(), options.folders.end()}));
  const fs::path output = options.run.output;
  BOOTRIG_TRY_VOID(check_output(folders, output));
  BOOTRIG_TRY(ShardCollection collection, ShardCollection::create(output, folders.front().plan));

  RunInfo info = merged_info(folders);
  info.command = command_line();
  info.planned = collection.plan().testcases.size();
  const SteadyClock clock;
  BOOTRIG_TRY(const auto reporters, make_run_reporters(options.run, project, info.name, clock));
  RunReport report(info, reporters->all());
  report.begin();
  for (const ShardFolder& folder : folders) {
    BOOTRIG_TRY_VOID(report_shard(folder, output, collection, report));
    report_lost(folder.plan.shard, fmt::format("({}) ended early", folder.folder.string()), collection, report);
  }
  for (const unsigned shard : missing_shards(folders)) report_lost(shard, "is missing", collection, report);
  for (const std::string& text : collection.remarks()) remark(text);
  const auto end = report.end(info.planned, /*interrupted=*/false);
  reporters->warn();
  if (!end) return std::unexpected(end.error());
  return run_exit_status(*end, /*stops_early=*/false);
}

constexpr const char* kMergeFooter =
    "DIR: the output folder of 'bootrig run --shard K/N', from this host or any other (a CI's artefacts); also that of "
    "a\n"
    "run that was killed, whose reports are then written. The merged folder has the transcripts, journal and reports "
    "as\n"
    "if all had run here, and the run is in the history. A shard that is missing, and what a shard that ended early "
    "left\n"
    "without a result, are errors (host); 'bootrig run --resume' with the merged folder boots them.\n"
    "\n"
    "  bootrig merge shard-1 shard-2 --output out/merged\n"
    "\n"
    "Exit status: 0 all as expected, 1 something was not, or has no result; 2 the folders are not of one run.";

}  // namespace

void add_merge_command(CLI::App& app, int& status) {
  auto options = std::make_shared<MergeCommandOptions>();
  app.add_option("DIR", options->folders, "The folder of a shard; repeatable")->required();
  add_result_options(app, options->run);
  app.add_option("--project", options->run.selection.project,
                 "Folder whose history takes the run in; found upwards from here");
  app.footer(kMergeFooter);
  app.callback([options, &status] {
    const auto done = merge(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
