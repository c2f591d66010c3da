#include "run/scheduler.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

namespace bootrig {
namespace {

class Packer {
 public:
  Packer(const std::vector<JobCost>& jobs, const Capacity& capacity, const std::function<bool(std::size_t)>& run)
      : jobs_(jobs),
        run_(run),
        begun_(jobs.size(), false),
        free_cores_(capacity.jobs),
        free_memory_(capacity.memory),
        capacity_(capacity) {}

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      std::size_t next = jobs_.size();
      changed_.wait(lock, [&] { return over() || (next = first_that_fits()) < jobs_.size(); });
      if (next == jobs_.size()) return;
      const JobCost cost = bounded(jobs_[next]);
      begun_[next] = true;
      ++begun_count_;
      free_cores_ -= cost.cores;
      free_memory_ -= cost.memory;
      lock.unlock();
      const bool go_on = run_(next);
      lock.lock();
      free_cores_ += cost.cores;
      free_memory_ += cost.memory;
      if (!go_on) stopped_ = true;
      changed_.notify_all();
    }
  }

 private:
  bool over() const { return stopped_ || begun_count_ == jobs_.size(); }
  JobCost bounded(const JobCost& cost) const {
    return {std::clamp(cost.cores, 1u, capacity_.jobs), std::min(cost.memory, capacity_.memory)};
  }
  std::size_t first_that_fits() {
    while (first_open_ < jobs_.size() && begun_[first_open_]) ++first_open_;
    for (std::size_t i = first_open_; i < jobs_.size(); ++i) {
      if (begun_[i]) continue;
      const JobCost cost = bounded(jobs_[i]);
      if (cost.cores <= free_cores_ && cost.memory <= free_memory_) return i;
    }
    return jobs_.size();
  }

  const std::vector<JobCost>& jobs_;
  const std::function<bool(std::size_t)>& run_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> begun_;
  std::size_t begun_count_ = 0;
  std::size_t first_open_ = 0;
  unsigned free_cores_;
  std::uint64_t free_memory_;
  Capacity capacity_;
  bool stopped_ = false;
};

}  // namespace

void run_jobs(const std::vector<JobCost>& jobs, const Capacity& capacity, const std::function<bool(std::size_t)>& run) {
  Packer packer(jobs, capacity, run);
  const std::size_t workers = std::min<std::size_t>(capacity.jobs, jobs.size());
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
