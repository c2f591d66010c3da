// shards_bench CELLS HOSTS: plays the division of a large run. From standard input come the milliseconds that testcases
// took, one a line; from them CELLS are drawn, and dealt out to shards by the planner. A host has 8 cores; a task takes some
// of them and boots as many machines at once; Slurm starts 2.5 tasks a second, in order, wherever there is room; a task
// takes 2 s before its first boot. What a boot takes differs from what was recorded by up to a fifth, either way.
// Prints, for tasks of 2, 4 and 8 cores and once, twice and four times as many tasks as fit the hosts, the makespan when
// the shards are dealt out in turn and by the recorded durations, and the bound that no division can beat: the cores'
// even share, or the longest testcase.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <iterator>
#include <numeric>
#include <queue>
#include <random>

#include "run/shards.h"

namespace bootrig {
namespace {

constexpr unsigned kCores = 8;
constexpr double kTasksASecond = 2.5;
constexpr double kBeforeTheFirstBoot = 2.0;
constexpr double kNoise = 0.2;

using Seconds = std::vector<double>;

// The end of jobs that are taken in order by the first of `workers` that is free, each free from `begin`.
double list_end(const Seconds& jobs, unsigned workers, const std::function<double(std::size_t)>& earliest) {
  std::priority_queue<double, Seconds, std::greater<>> free;
  for (unsigned i = 0; i < workers; ++i) free.push(0.0);
  double end = 0.0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const double begin = std::max(free.top(), earliest(i));
    free.pop();
    free.push(begin + jobs[i]);
    end = std::max(end, begin + jobs[i]);
  }
  return end;
}

// `expected`: in the shards' order; equal ones leave the testcases in theirs.
double makespan(const std::vector<Duration>& expected, const Seconds& boots, unsigned shards, unsigned hosts,
                unsigned cpus) {
  const std::vector<unsigned> shard_of = deal_shards(expected, shards);
  std::vector<std::size_t> order(boots.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // As the plan orders a shard: the longest begins first.
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return expected[a] > expected[b]; });
  std::vector<Seconds> members(shards);
  for (const std::size_t i : order) members[shard_of[i] - 1].push_back(boots[i]);
  Seconds tasks;
  for (const Seconds& own : members) {
    tasks.push_back(kBeforeTheFirstBoot + list_end(own, cpus, [](std::size_t) { return 0.0; }));
  }
  return list_end(tasks, hosts * kCores / cpus, [](std::size_t i) { return static_cast<double>(i) / kTasksASecond; });
}

int run(std::size_t cells, unsigned hosts) {
  const Seconds recorded_ms{std::istream_iterator<double>(std::cin), std::istream_iterator<double>()};
  if (recorded_ms.empty() || cells < 1 || hosts < 1) return 2;
  std::mt19937_64 random(20261122);
  std::uniform_int_distribution<std::size_t> any(0, recorded_ms.size() - 1);
  std::uniform_real_distribution<double> noise(1.0 - kNoise, 1.0 + kNoise);
  std::vector<Duration> expected;
  Seconds boots;
  for (std::size_t i = 0; i < cells; ++i) {
    const double ms = recorded_ms[any(random)];
    expected.push_back(std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms)));
    boots.push_back(ms / 1000 * noise(random));
  }
  const double work = std::accumulate(boots.begin(), boots.end(), 0.0);
  const double bound = std::max(work / (hosts * kCores), std::ranges::max(boots));
  fmt::print("{} cells, {:.0f} s of boots, {} hosts; no division ends before {:.0f} s\n", cells, work, hosts, bound);
  fmt::print("cores of a task   tasks   in turn   by durations   over the bound\n");
  const std::vector<Duration> alike(cells, std::chrono::seconds(1));
  for (const unsigned cpus : {2u, 4u, kCores}) {
    for (const unsigned times : {1u, 2u, 4u}) {
      const unsigned shards = hosts * kCores / cpus * times;
      const double in_turn = makespan(alike, boots, shards, hosts, cpus);
      const double balanced = makespan(expected, boots, shards, hosts, cpus);
      fmt::print("{:15} {:7} {:7.0f} s {:12.0f} s {:14.2f} x\n", cpus, shards, in_turn, balanced, balanced / bound);
    }
  }
  return 0;
}

}  // namespace
}  // namespace bootrig

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return bootrig::run(static_cast<std::size_t>(std::atol(argv[1])), static_cast<unsigned>(std::atoi(argv[2])));
}
