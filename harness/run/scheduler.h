// Packs jobs onto worker threads by the cores and the memory of the places where they can run. It knows nothing of
// machines.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace bootrig {

// What a job needs while it runs. A job that needs more than a place has runs there alone.
struct JobCost {
  unsigned cores = 1;
  std::uint64_t memory = 0;
  std::vector<std::size_t> places{0};  // where it can run, never empty: it goes to the first that has room
};

struct Capacity {
  unsigned jobs = 1;  // at most so many at once; also the cores that are shared out
  std::uint64_t memory = 0;
};

// Calls run(job, place) once for each job, in order as far as they fit, and returns when all have ended. When run returns
// false no further job is begun.
void run_jobs(const std::vector<JobCost>& jobs, const std::vector<Capacity>& places,
              const std::function<bool(std::size_t, std::size_t)>& run);

// This host's cores (those that we may use) and memory that is available now (/proc/meminfo, MemAvailable).
Capacity host_capacity();

}  // namespace bootrig
