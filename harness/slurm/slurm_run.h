// A run on Slurm from its submission to its end: tasks are submitted, their journals followed, what is lost is submitted
// once more, and each testcase has one result in the end: a task's, or an error that says what became of its task.
//
// What counts is a shard's journal, never what Slurm says of its task: a task whose journal is whole is done whatever its
// state, and one that Slurm calls COMPLETED and whose journal is not is lost.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "machine/machine.h"
#include "run/plan_record.h"
#include "run/run_report.h"
#include "slurm/client.h"
#include "slurm/division.h"

namespace bootrig {

struct SlurmRun {
  PlanRecord plan;  // of all shards
  std::vector<TaskGroup> groups;
  SlurmJob job;
  std::filesystem::path output;  // of the run; the tasks' folders are in its shards/
  SlurmOptions options;
  // What a task wrote may be seen later than its end: NFS clients look at a folder anew after some seconds.
  Duration settle = std::chrono::seconds(5);
  bool fail_fast = false;  // cancel the tasks after the first result that gates
};

struct SlurmRunContext {
  SlurmClient& slurm;
  const Clock& clock;
  const Interrupt& interrupt;
  RunReport& report;
  std::function<void(const std::string&)> remark;  // one sentence for a person
};

// Tasks that an earlier process submitted for this folder and that still run are cancelled first; their results count.
// Interrupted, it cancels the tasks and reports what there is. Errors: the folder cannot be written, a journal is of
// another plan, sbatch refuses the tasks, Slurm has not answered for ten minutes.
Result<RunEnd> run_on_slurm(const SlurmRun& run, const SlurmRunContext& context);

// The folder of all tasks' folders.
std::filesystem::path shards_folder(const std::filesystem::path& output);

}  // namespace bootrig
