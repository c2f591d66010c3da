// Division: a plan in tasks for Slurm. Testcases whose targets ask for the same of a node share tasks, of which each is
// one shard; the tasks take equally long. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "run/plan.h"
#include "slurm/options.h"
#include "spec/target.h"

namespace bootrig {

// Tasks that ask for the same of their nodes: one job array.
struct TaskGroup {
  SlurmNeeds needs;
  std::vector<unsigned> shards;  // their indices
};

struct Division {
  std::vector<TaskGroup> groups;
  std::vector<unsigned> shard_of;  // of each testcase of the plan, from 1
  unsigned shards = 0;
};

// `features`: of the cluster's nodes. A KVM target that says nothing else asks for the feature kvm where there is one;
// where there is none its cells are skipped, with the reason, by whoever runs them.
Division divide_plan(const std::vector<Testcase>& testcases, const std::map<std::string, Duration>& durations,
                     const std::vector<std::string>& features, const SlurmOptions& options);

// How long the longest task may take, in whole minutes: all of its testcases to the end of their time limits, twice (a
// deadline is longer on a loaded host), each attempt of `attempts`, and the build of its images.
unsigned limit_minutes(const std::vector<Testcase>& testcases, const Division& division, const SlurmOptions& options,
                       unsigned attempts, double timeout_multiplier);

// What a task's machines have together, in MiB: the largest `cpus` of them, and QEMU's own.
std::uint64_t memory_mib(const std::vector<Testcase>& testcases, const SlurmOptions& options);

}  // namespace bootrig
