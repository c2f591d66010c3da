#include "slurm/division.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "run/shards.h"

namespace bootrig {
namespace {

// A task is worth its start (Slurm starts 2 to 3 of them a second) when its cores are busy for so long.
constexpr Duration kWorthATask = std::chrono::seconds(30);
// As many tasks keep 100 hosts busy, two each.
constexpr unsigned kMostTasks = 200;
constexpr Duration kBuildLimit = std::chrono::minutes(10);
constexpr double kLoadedHost = 2.0;
// Without a guest's memory: QEMU and bootrig themselves.
constexpr std::uint64_t kOverheadMib = 256;

SlurmNeeds needs_of(const Testcase& testcase, bool has_kvm) {
  SlurmNeeds needs = testcase.target.slurm;
  const MachineSpec& machine = testcase.target.machine;
  // A machine on a host of the hosts file needs nothing of the node from which it is reached.
  const bool here = machine.host.empty() || machine.host == "local";
  if (machine.accelerator == Accelerator::kKvm && here && needs.constraint.empty() && has_kvm) needs.constraint = "kvm";
  return needs;
}

unsigned worth_of(Duration work, const SlurmOptions& options) {
  const auto tasks = work / (kWorthATask * options.cpus) + 1;
  return static_cast<unsigned>(std::min<std::int64_t>(tasks, kMostTasks));
}

Duration sum(const std::vector<Duration>& durations) {
  return std::accumulate(durations.begin(), durations.end(), Duration{0});
}

// Its part of all the tasks, at least one, at most one a testcase.
unsigned part_of(Duration work, Duration all, unsigned tasks, std::size_t testcases) {
  const double share = static_cast<double>(work.count()) / static_cast<double>(std::max<std::int64_t>(all.count(), 1));
  const auto part = static_cast<std::size_t>(std::lround(share * tasks));
  return static_cast<unsigned>(std::clamp<std::size_t>(part, 1, testcases));
}

}  // namespace

Division divide_plan(const std::vector<Testcase>& testcases, const std::map<std::string, Duration>& durations,
                     const std::vector<std::string>& features, const SlurmOptions& options) {
  std::vector<std::string> cells;
  for (const Testcase& testcase : testcases) cells.push_back(testcase.cell);
  const std::vector<Duration> expected = expected_durations(cells, durations);
  const bool has_kvm = std::ranges::find(features, "kvm") != features.end();
  std::map<SlurmNeeds, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < testcases.size(); ++i) members[needs_of(testcases[i], has_kvm)].push_back(i);

  const Duration all = sum(expected);
  const unsigned tasks = options.shards > 0 ? options.shards : worth_of(all, options);
  Division division;
  division.shard_of.resize(testcases.size());
  for (const auto& [needs, indices] : members) {
    std::vector<Duration> own;
    for (const std::size_t index : indices) own.push_back(expected[index]);
    const unsigned part = part_of(sum(own), all, tasks, indices.size());
    const std::vector<unsigned> dealt = deal_shards(own, part);
    for (std::size_t i = 0; i < indices.size(); ++i) division.shard_of[indices[i]] = division.shards + dealt[i];
    TaskGroup group{needs, std::vector<unsigned>(part)};
    std::iota(group.shards.begin(), group.shards.end(), division.shards + 1);
    division.groups.push_back(std::move(group));
    division.shards += part;
  }
  return division;
}

unsigned limit_minutes(const std::vector<Testcase>& testcases, const Division& division, const SlurmOptions& options,
                       unsigned attempts, double timeout_multiplier) {
  Duration limit{0};
  if (options.time) {
    limit = *options.time;
  } else {
    std::vector<double> seconds(division.shards, 0.0);
    for (std::size_t i = 0; i < testcases.size(); ++i) {
      const Testcase& testcase = testcases[i];
      const double factor = timeout_multiplier * testcase.target.timeout_multiplier * attempts * kLoadedHost;
      seconds[division.shard_of[i] - 1] +=
          std::chrono::duration<double>(testcase.scenario->timeouts.overall).count() * factor;
    }
    limit = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::ranges::max(seconds) / options.cpus) + kBuildLimit);
  }
  return static_cast<unsigned>(std::max<std::int64_t>(std::chrono::ceil<std::chrono::minutes>(limit).count(), 1));
}

std::uint64_t memory_mib(const std::vector<Testcase>& testcases, const SlurmOptions& options) {
  if (options.memory) return std::max<std::uint64_t>(*options.memory >> 20, 1);
  std::vector<std::uint64_t> sizes;
  for (const Testcase& testcase : testcases) sizes.push_back((testcase.target.machine.memory >> 20) + kOverheadMib);
  const auto count = std::min<std::size_t>(sizes.size(), options.cpus);
  std::ranges::partial_sort(sizes, sizes.begin() + static_cast<std::ptrdiff_t>(count), std::greater<>());
  return std::accumulate(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(count), std::uint64_t{0});
}

}  // namespace bootrig
