#include "run/scheduler.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace bootrig {
namespace {

using Run = std::function<bool(std::size_t, std::size_t)>;

class Packer {
 public:
  Packer(const std::vector<JobCost>& jobs, const std::vector<Capacity>& places, const Run& run)
      : jobs_(jobs), run_(run), begun_(jobs.size(), false), free_(places), places_(places) {}

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      std::optional<Seat> next;
      changed_.wait(lock, [&] { return over() || (next = first_that_fits()); });
      if (!next) return;
      const JobCost cost = bounded(jobs_[next->job], next->place);
      begun_[next->job] = true;
      ++begun_count_;
      free_[next->place].jobs -= cost.cores;
      free_[next->place].memory -= cost.memory;
      lock.unlock();
      const bool go_on = run_(next->job, next->place);
      lock.lock();
      free_[next->place].jobs += cost.cores;
      free_[next->place].memory += cost.memory;
      if (!go_on) stopped_ = true;
      changed_.notify_all();
    }
  }

 private:
  struct Seat {
    std::size_t job, place;
  };
  bool over() const { return stopped_ || begun_count_ == jobs_.size(); }
  JobCost bounded(const JobCost& cost, std::size_t place) const {
    const Capacity& all = places_[place];
    return {std::clamp(cost.cores, 1u, all.jobs), std::min(cost.memory, all.memory)};
  }
  std::optional<Seat> first_that_fits() {
    while (first_open_ < jobs_.size() && begun_[first_open_]) ++first_open_;
    for (std::size_t i = first_open_; i < jobs_.size(); ++i) {
      if (begun_[i]) continue;
      for (const std::size_t place : jobs_[i].places) {
        const JobCost cost = bounded(jobs_[i], place);
        if (cost.cores <= free_[place].jobs && cost.memory <= free_[place].memory) return Seat{i, place};
      }
    }
    return std::nullopt;
  }

  const std::vector<JobCost>& jobs_;
  const Run& run_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> begun_;
  std::size_t begun_count_ = 0;
  std::size_t first_open_ = 0;
  std::vector<Capacity> free_;
  const std::vector<Capacity>& places_;
  bool stopped_ = false;
};

}  // namespace

void run_jobs(const std::vector<JobCost>& jobs, const std::vector<Capacity>& places, const Run& run) {
  Packer packer(jobs, places, run);
  std::size_t workers = 0;
  for (const Capacity& place : places) workers += place.jobs;
  workers = std::min(workers, jobs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&] { packer.work(); });
  packer.work();
  for (std::thread& thread : threads) thread.join();
}

Capacity host_capacity() {
  Capacity capacity;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) capacity.jobs = static_cast<unsigned>(CPU_COUNT(&set));
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key; meminfo >> key;) {
    std::uint64_t kilobytes = 0;
    meminfo >> kilobytes;
    if (key == "MemAvailable:") capacity.memory = kilobytes << 10;
    meminfo.ignore(256, '\n');
  }
  return capacity;
}

}  // namespace bootrig
