// What --engine-option says of Slurm: "shards=16", "sbatch=--partition=nightly".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace bootrig {

struct SlurmOptions {
  unsigned shards = 0;                  // tasks; 0: as many as the plan is worth
  unsigned cpus = 2;                    // of a task, which boots so many machines at once
  std::optional<std::uint64_t> memory;  // of a task, in bytes; none: what its machines have
  std::optional<Duration> time;         // of a task; none: computed from the plan
  Duration poll = std::chrono::seconds(2);
  // A task that has not started so long after it was submitted counts as lost; none: it is waited for.
  std::optional<Duration> start_within;
  std::vector<std::string> sbatch;  // further words for sbatch, as they are
};

// Errors name the word, what is allowed and the nearest spelling.
Result<SlurmOptions> parse_slurm_options(const std::vector<std::string>& words);

}  // namespace bootrig
