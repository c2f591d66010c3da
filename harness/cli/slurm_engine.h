// bootrig run --engine slurm: the plan in tasks of a Slurm that is there, and their results as one run.
#pragma once

#include "base/error.h"
#include "cli/run_command.h"

namespace bootrig {

// The exit status. Errors: there is no Slurm here, it refuses the tasks, an option that cannot be had with it.
Result<int> run_by_slurm(const RunCommandOptions& options);

}  // namespace bootrig
