// SlurmClient: Slurm's own programs (sbatch, squeue, scancel, sinfo), called as a person would call them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "process/launcher.h"
#include "slurm/division.h"
#include "slurm/tasks.h"

namespace bootrig {

// What sbatch is told beside the tasks themselves.
struct SlurmJob {
  std::string name;
  std::filesystem::path script;  // runs the task whose index it finds in SLURM_ARRAY_TASK_ID
  std::filesystem::path folder;  // for the tasks' output: INDEX.log
  unsigned cpus = 1;
  unsigned minutes = 1;
  std::uint64_t memory_mib = 0;
  std::vector<std::string> words;  // the user's own for sbatch
};

// The command line that submits the group's tasks (those of `shards`).
std::vector<std::string> sbatch_command(const SlurmJob& job, const SlurmNeeds& needs,
                                        const std::vector<unsigned>& shards);
// The script: runs `command` with the task's shard and folder.
std::string task_script(const std::vector<std::string>& command, const std::filesystem::path& folder, unsigned shards);

class SlurmClient {
 public:
  explicit SlurmClient(ProcessLauncher& launcher) : launcher_(launcher) {}

  // Features of the cluster's nodes, each once. An error: there is no Slurm here, or it does not answer.
  Result<std::vector<std::string>> features();
  // The job's number. An error is what sbatch said.
  Result<std::string> submit(const SlurmJob& job, const SlurmNeeds& needs, const std::vector<unsigned>& shards);
  // Of the jobs' tasks; those that Slurm has forgotten (they ended minutes ago) are not among them.
  Result<std::vector<TaskState>> tasks(const std::vector<std::string>& jobs);
  // "12" or "12_3". What has ended already is no error.
  void cancel(const std::vector<std::string>& jobs);

 private:
  Result<std::string> call(const std::vector<std::string>& argv);

  ProcessLauncher& launcher_;
};

}  // namespace bootrig
