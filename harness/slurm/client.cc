#include "slurm/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace bootrig {
namespace {

constexpr Duration kAnswerLimit = std::chrono::seconds(60);

// Slurm's programs are one package: who has not the one has none.
std::unexpected<Error> no_slurm(const std::string& program) {
  return fail("--engine slurm",
              fmt::format("there is no {} on this host; runs are submitted where Slurm's programs are (Debian's "
                          "slurm-client)",
                          program));
}

}  // namespace

std::vector<std::string> sbatch_command(const SlurmJob& job, const SlurmNeeds& needs,
                                        const std::vector<unsigned>& shards) {
  std::vector<std::string> words{"sbatch",
                                 "--parsable",
                                 "--requeue",
                                 "--open-mode=append",
                                 fmt::format("--job-name={}", job.name),
                                 fmt::format("--array={}", array_text(shards)),
                                 fmt::format("--output={}", (job.folder / "%a.log").string()),
                                 fmt::format("--time={}", job.minutes),
                                 "--ntasks=1",
                                 fmt::format("--cpus-per-task={}", job.cpus),
                                 fmt::format("--mem={}M", job.memory_mib)};
  if (!needs.constraint.empty()) words.push_back("--constraint=" + needs.constraint);
  if (!needs.gres.empty()) words.push_back("--gres=" + needs.gres);
  if (!needs.licenses.empty()) words.push_back("--licenses=" + needs.licenses);
  words.insert(words.end(), job.words.begin(), job.words.end());
  words.push_back(job.script.string());
  return words;
}

std::string task_script(const std::vector<std::string>& command, const std::filesystem::path& folder, unsigned shards) {
  // In place of the shell, so that Slurm's signals reach bootrig itself.
  return fmt::format(
      "#!/bin/sh\n"
      "unset GITHUB_ACTIONS\n"
      "exec {} --shard \"$SLURM_ARRAY_TASK_ID/{}\" --plan {} --output {}/\"$SLURM_ARRAY_TASK_ID\"\n",
      shell_quote(command), shards, shell_quote({folder.string()}), shell_quote({folder.string()}));
}

Result<std::string> SlurmClient::call(const std::vector<std::string>& argv) {
  const auto result = run_command(launcher_, {.argv = argv}, Deadline::after(SteadyClock().now(), kAnswerLimit));
  if (!result) return std::unexpected(result.error());
  if (result->timed_out) return fail(argv.front(), "does not answer");
  if (result->status.code != 0) return fail(argv.front(), printable(trim(result->output)));
  return result->output;
}

Result<std::vector<std::string>> SlurmClient::features() {
  LaunchSpec spec{.argv = {"sbatch", "--version"}};
  const auto version = run_command(launcher_, spec, Deadline::after(SteadyClock().now(), kAnswerLimit));
  if (!version) return no_slurm("sbatch");
  BOOTRIG_TRY(const std::string output, call({"sinfo", "--noheader", "--format=%f"}));
  std::vector<std::string> features;
  for (const std::string_view line : split_lines(output)) {
    for (const std::string_view word : split(line, ',')) {
      const std::string feature(trim(word));
      if (std::ranges::find(features, feature) == features.end()) features.push_back(feature);
    }
  }
  return features;
}

Result<std::string> SlurmClient::submit(const SlurmJob& job, const SlurmNeeds& needs,
                                        const std::vector<unsigned>& shards) {
  BOOTRIG_TRY(const std::string output, call(sbatch_command(job, needs, shards)));
  // "12", or "12;cluster" where there are several clusters. Warnings may stand before it.
  const auto lines = split_lines(output);
  const std::string_view number = lines.empty() ? "" : split(lines.back(), ';').front();
  if (!parse_count(trim(number))) return fail("sbatch", fmt::format("said '{}'", printable(trim(output))));
  return std::string(trim(number));
}

Result<std::vector<TaskState>> SlurmClient::tasks(const std::vector<std::string>& jobs) {
  const auto output = call({"squeue", "--noheader", "--array", "--states=all", fmt::format("--format={}", kTaskFormat),
                            fmt::format("--jobs={}", fmt::join(jobs, ","))});
  if (output) return parse_tasks(*output);
  if (output.error().message.find("Invalid job id") != std::string::npos) return std::vector<TaskState>{};
  return std::unexpected(output.error());
}

void SlurmClient::cancel(const std::vector<std::string>& jobs) {
  if (jobs.empty()) return;
  std::vector<std::string> words{"scancel"};
  words.insert(words.end(), jobs.begin(), jobs.end());
  (void)call(words);
}

}  // namespace bootrig
