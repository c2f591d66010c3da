#include "slurm/division.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bootrig {
namespace {

using namespace std::chrono_literals;

Testcase testcase(const std::string& cell, Accelerator accelerator = Accelerator::kTcg, SlurmNeeds needs = {}) {
  static const auto scenario = [] {
    auto one = std::make_shared<Scenario>();
    one->timeouts.overall = 30s;
    return one;
  }();
  Testcase testcase;
  testcase.id = testcase.cell = cell;
  testcase.scenario = scenario;
  testcase.target.machine.accelerator = accelerator;
  testcase.target.slurm = std::move(needs);
  return testcase;
}

std::vector<Testcase> many(std::size_t count) {
  std::vector<Testcase> testcases;
  for (std::size_t i = 0; i < count; ++i) testcases.push_back(testcase("cell" + std::to_string(i)));
  return testcases;
}

TEST(Division, HasNoMoreTasksThanTheWorkIsWorth) {
  EXPECT_EQ(divide_plan(many(10), {}, {}, {}).shards, 1u);
  std::map<std::string, Duration> slow;
  for (int i = 0; i < 10; ++i) slow["cell" + std::to_string(i)] = 5min;
  EXPECT_EQ(divide_plan(many(10), slow, {}, {}).shards, 10u) << "at most one a testcase";
  EXPECT_EQ(divide_plan(many(90'000), {}, {}, {}).shards, 200u);
  EXPECT_EQ(divide_plan(many(10), {}, {}, {.shards = 3}).shards, 3u);
}

TEST(Division, KeepsApartWhatAsksForDifferentNodes) {
  std::vector<Testcase> testcases = many(6);
  testcases.push_back(testcase("board", Accelerator::kTcg, {.gres = "board:rpi4:1"}));
  testcases.push_back(testcase("kvm", Accelerator::kKvm));
  const Division division = divide_plan(testcases, {}, {"tcg", "kvm"}, {.shards = 4});
  ASSERT_EQ(division.groups.size(), 3u);
  std::set<unsigned> all;
  for (const TaskGroup& group : division.groups) {
    for (const unsigned shard : group.shards) EXPECT_TRUE(all.insert(shard).second);
  }
  EXPECT_EQ(all.size(), division.shards);
  EXPECT_NE(division.shard_of[6], division.shard_of[7]);
  const auto shards_for = [&](const SlurmNeeds& needs) {
    const auto group = std::ranges::find(division.groups, needs, &TaskGroup::needs);
    return group == division.groups.end() ? std::vector<unsigned>{} : group->shards;
  };
  EXPECT_EQ(shards_for({.gres = "board:rpi4:1"}), (std::vector<unsigned>{division.shard_of[6]}));
  EXPECT_EQ(shards_for({.constraint = "kvm"}), (std::vector<unsigned>{division.shard_of[7]}));
}

TEST(Division, AsksForKvmOnlyWhereTheClusterHasIt) {
  const std::vector<Testcase> testcases{testcase("kvm", Accelerator::kKvm)};
  EXPECT_EQ(divide_plan(testcases, {}, {"tcg"}, {}).groups.at(0).needs, SlurmNeeds{});
  EXPECT_EQ(divide_plan(testcases, {}, {"kvm"}, {}).groups.at(0).needs.constraint, "kvm");
  const std::vector<Testcase> stated{testcase("kvm", Accelerator::kKvm, {.constraint = "arm64"})};
  EXPECT_EQ(divide_plan(stated, {}, {"kvm"}, {}).groups.at(0).needs.constraint, "arm64");
}

TEST(Division, GivesATaskTimeForAllItsTimeLimits) {
  const std::vector<Testcase> testcases = many(40);
  const Division division = divide_plan(testcases, {}, {}, {.shards = 2});
  // 20 testcases a task, 30 s each, twice, on 2 cores: 10 minutes, and 10 for the images.
  EXPECT_EQ(limit_minutes(testcases, division, {}, 1, 1.0), 20u);
  EXPECT_EQ(limit_minutes(testcases, division, {}, 2, 1.0), 30u) << "with a retry";
  EXPECT_EQ(limit_minutes(testcases, division, {.time = 90s}, 1, 1.0), 2u);
}

TEST(Division, GivesATaskItsLargestMachinesMemory) {
  std::vector<Testcase> testcases = many(3);
  testcases[0].target.machine.memory = std::uint64_t{4} << 30;
  EXPECT_EQ(memory_mib(testcases, {.cpus = 2}), 4096u + 1024u + 2 * 256u);
  EXPECT_EQ(memory_mib(testcases, {.memory = std::uint64_t{1} << 30}), 1024u);
}

}  // namespace
}  // namespace bootrig
