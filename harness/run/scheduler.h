// Packs jobs onto worker threads by cores and memory. It knows nothing of machines.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace bootrig {

// What a job needs while it runs. A job that needs more than there is runs alone.
struct JobCost {
  unsigned cores = 1;
  std::uint64_t memory = 0;
};

struct Capacity {
  unsigned jobs = 1;  // at most so many at once; also the cores that are shared out
  std::uint64_t memory = 0;
};

// Calls run(i) once for each job, in order as far as they fit, and returns when all have ended. When run returns false
// no further job is begun.
void run_jobs(const std::vector<JobCost>& jobs, const Capacity& capacity, const std::function<bool(std::size_t)>& run);

// This host's cores (those that we may use) and memory that is available now (/proc/meminfo, MemAvailable).
Capacity host_capacity();

}  // namespace bootrig
