#include "run/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace bootrig {
namespace {

constexpr std::uint64_t kOneGiB = std::uint64_t{1} << 30;

TEST(Scheduler, RunsEachJobOnce) {
  const std::vector<JobCost> jobs(200, JobCost{1, kOneGiB});
  std::mutex mutex;
  std::multiset<std::size_t> seen;
  run_jobs(jobs, {{4, 8 * kOneGiB}}, [&](std::size_t i, std::size_t) {
    const std::lock_guard lock(mutex);
    seen.insert(i);
    return true;
  });
  EXPECT_EQ(seen.size(), 200u);
  EXPECT_EQ(std::set<std::size_t>(seen.begin(), seen.end()).size(), 200u);
}

// Jobs of mixed size never use more than there is; one that needs more runs alone.
TEST(Scheduler, StaysWithinTheCapacity) {
  std::vector<JobCost> jobs;
  for (unsigned i = 0; i < 120; ++i) jobs.push_back({1 + i % 5, (1 + i % 7) * kOneGiB});
  const Capacity capacity{4, 6 * kOneGiB};
  std::atomic<unsigned> cores = 0;
  std::atomic<std::uint64_t> memory = 0;
  std::atomic<bool> exceeded = false;
  run_jobs(jobs, {capacity}, [&](std::size_t i, std::size_t) {
    const unsigned own_cores = std::min(jobs[i].cores, capacity.jobs);
    const std::uint64_t own_memory = std::min(jobs[i].memory, capacity.memory);
    if ((cores += own_cores) > capacity.jobs || (memory += own_memory) > capacity.memory) exceeded = true;
    cores -= own_cores;
    memory -= own_memory;
    return true;
  });
  EXPECT_FALSE(exceeded);
}

// Each place has its own room; a job goes where it can run and there is some.
TEST(Scheduler, SpreadsJobsOverPlaces) {
  std::vector<JobCost> jobs;
  for (unsigned i = 0; i < 90; ++i)
    jobs.push_back({1, kOneGiB, i % 3 == 0 ? std::vector<std::size_t>{0} : std::vector<std::size_t>{1, 2}});
  std::array<std::atomic<unsigned>, 3> running{};
  std::array<std::atomic<unsigned>, 3> ran{};
  std::atomic<bool> wrong = false;
  run_jobs(jobs, {{1, kOneGiB}, {2, 4 * kOneGiB}, {3, 2 * kOneGiB}}, [&](std::size_t i, std::size_t place) {
    if ((place == 0) != (i % 3 == 0) || ++running[place] > (place == 0 ? 1u : 2u)) wrong = true;
    std::this_thread::yield();
    --running[place];
    ++ran[place];
    return true;
  });
  EXPECT_FALSE(wrong);
  EXPECT_EQ(ran[0], 30u);
  EXPECT_EQ(ran[1] + ran[2], 60u);
}

TEST(Scheduler, BeginsNothingAfterAStop) {
  std::atomic<std::size_t> begun = 0;
  run_jobs(std::vector<JobCost>(100), {{1, kOneGiB}}, [&](std::size_t, std::size_t) { return ++begun < 10; });
  EXPECT_EQ(begun, 10u);
}

TEST(Scheduler, NothingToDo) {
  run_jobs({}, {{2, kOneGiB}}, [](std::size_t, std::size_t) { return ADD_FAILURE(), true; });
  EXPECT_GE(host_capacity().jobs, 1u);
  EXPECT_GT(host_capacity().memory, 0u);
}

}  // namespace
}  // namespace bootrig
