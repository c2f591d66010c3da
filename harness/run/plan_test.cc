#include "run/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "testing/paths.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// A small project on disk: three scenarios, the targets that bootrig ships, one matrix.
class PlanTest : public ::testing::Test {
 protected:
  PlanTest() : root_(folder_.path()) {
    write("scenarios/boot/hello/scenario.json", R"({"summary": "s", "image": "i", "tags": ["smoke"]})");
    write("scenarios/boot/smp/scenario.json", R"({"summary": "s", "image": "i", "requires":
        [{"key": "cpus", "values": ["2", "4"], "reason": "it counts CPUs"}]})");
    write("scenarios/faults/gicc/scenario.json", R"({"summary": "s", "image": "i"})");
    write("scenarios/m.matrix.json", R"({"summary": "m", "entries": [
        {"scenarios": ["boot/*"], "targets": ["virt"], "vary": {"gic": [2, 3], "memory": ["1G", "2G"]}},
        {"scenarios": ["boot/smp"], "targets": ["virt"], "vary": {"cpus": [1, 2]}},
        {"scenarios": ["faults/gicc"], "targets": ["virt"], "vary": {"gic": [2, 3]}}],
      "exclude": [{"scenarios": ["boot/hello"], "where": {"gic": [3], "memory": ["2G"]}, "reason": "seen elsewhere"}],
      "expect-fail": [{"scenarios": ["faults/gicc"], "where": {"gic": [3]}, "verdict": "fail", "cause": "exception",
                       "reason": "no GICC there"}],
      "quarantine": [{"scenarios": ["faults/*"], "where": {"gic": [2]}, "reason": "flaky", "owner": "ann",
                      "until": "2026-12-01"}]})");
  }

  void write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(make_folders((root_ / file).parent_path()));
    ASSERT_TRUE(write_file(root_ / file, text));
  }
  Result<Plan> plan(const Selection& selection = {}, const std::string& today = "2026-11-22") {
    return make_plan(Project(root_, source_path()), selection, today);
  }
  static std::vector<std::string> ids(const Result<Plan>& plan) {
    std::vector<std::string> ids;
    if (!plan) return {to_text(plan.error())};
    for (const Testcase& testcase : plan->testcases) ids.push_back(testcase.id);
    return ids;
  }
  using Ids = std::vector<std::string>;

  TestFolder folder_;
  fs::path root_;
};

TEST_F(PlanTest, ExpandsVariesExcludes) {
  const auto all = plan();
  EXPECT_EQ(ids(all), (Ids{"boot/hello@virt[gic=2,memory=1G]", "boot/hello@virt[gic=2,memory=2G]",
                           "boot/hello@virt[gic=3,memory=1G]", "boot/smp@virt[cpus=2]", "faults/gicc@virt[gic=2]",
                           "faults/gicc@virt[gic=3]"}));
  EXPECT_EQ(all->name, "selection");
  ASSERT_FALSE(all->excluded.empty());
  std::set<std::string> reasons;
  for (const Exclusion& exclusion : all->excluded) reasons.insert(exclusion.reason);
  EXPECT_TRUE(reasons.contains("seen elsewhere"));
  EXPECT_TRUE(reasons.contains("the scenario needs cpus '2' or '4', not 1: it counts CPUs"));
}

TEST_F(PlanTest, RulesApply) {
  const auto all = plan();
  ASSERT_TRUE(all) << to_text(all.error());
  EXPECT_FALSE(all->testcases[4].expected_failure);
  EXPECT_EQ(all->testcases[4].quarantine, "flaky (ann, until 2026-12-01)");
  EXPECT_EQ(all->testcases[5].expected_failure->cause, "exception");
  EXPECT_TRUE(all->testcases[4].quarantined);
  EXPECT_FALSE(all->testcases[5].quarantined);
  const auto later = plan({}, "2026-12-01");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->testcases[4].quarantine, "flaky (ann, over since 2026-12-01)");
  EXPECT_FALSE(later->testcases[4].quarantined) << "on its date it gates";
}

TEST_F(PlanTest, SelectsByPatternTargetScenarioAndTag) {
  EXPECT_EQ(ids(plan({.patterns = {"faults/*"}})), (Ids{"faults/gicc@virt[gic=2]", "faults/gicc@virt[gic=3]"}));
  EXPECT_EQ(ids(plan({.patterns = {"*@virt[cpus=2]"}})), (Ids{"boot/smp@virt[cpus=2]"}));
  EXPECT_EQ(ids(plan({.targets = {"*memory=2G*"}})), (Ids{"boot/hello@virt[gic=2,memory=2G]"}));
  EXPECT_EQ(ids(plan({.scenarios = {"boot/s*"}})), (Ids{"boot/smp@virt[cpus=2]"}));
  EXPECT_EQ(ids(plan({.tags = {"smoke"}})).size(), 3u);
}

TEST_F(PlanTest, RunsACellThatNoMatrixHolds) {
  EXPECT_EQ(ids(plan({.patterns = {"boot/hello@virt-el2-gicv3"}})), (Ids{"boot/hello@virt-el2-gicv3"}));
  EXPECT_EQ(ids(plan({.targets = {"virt-el3"}, .scenarios = {"boot/hello"}})), (Ids{"boot/hello@virt-el3"}));
  EXPECT_EQ(ids(plan({.patterns = {"boot/hello@virt[memory=512M,gic=3]"}})),
            (Ids{"boot/hello@virt[gic=3,memory=512M]"}));
  EXPECT_EQ(ids(plan({.targets = {"virt[memory=512M,gic=3]"}, .scenarios = {"boot/hello"}})),
            (Ids{"boot/hello@virt[gic=3,memory=512M]"}));
  EXPECT_EQ(ids(plan({.patterns = {"boot/*@virt-el3"}})), (Ids{"boot/hello@virt-el3", "boot/smp@virt-el3"}));
  const auto unfit = plan({.patterns = {"boot/smp@virt"}});
  EXPECT_EQ(unfit->testcases.at(0).skip, "the scenario needs cpus '2' or '4', not 1: it counts CPUs");
}

TEST_F(PlanTest, AScenarioInNoMatrixIsSelectedWithATarget) {
  write("scenarios/new/one/scenario.json", R"({"summary": "s", "image": "i"})");
  EXPECT_EQ(ids(plan({.patterns = {"new/one"}})),
            (Ids{"'new/one' is in none of the matrices; 'new/one@TARGET' selects it on a target"}));
  EXPECT_EQ(ids(plan({.patterns = {"new/one@virt"}})), (Ids{"new/one@virt"}));
}

TEST_F(PlanTest, NothingSelectedIsAnError) {
  EXPECT_EQ(ids(plan({.patterns = {"boot/helo"}})),
            (Ids{"'boot/helo' matches none of 6 testcases; did you mean 'boot/hello'?"}));
  EXPECT_EQ(ids(plan({.patterns = {"boot/hello", "boot/helo"}})),
            (Ids{"'boot/helo' matches none of 6 testcases; did you mean 'boot/hello'?"}));
  EXPECT_EQ(ids(plan({.targets = {"vrit"}})),
            (Ids{"--target: 'vrit' matches none of 6 testcases; did you mean 'virt'?"}));
  EXPECT_EQ(ids(plan({.scenarios = {"boot/helo"}})),
            (Ids{"--scenario: 'boot/helo' matches none of 6 testcases; did you mean 'boot/hello'?"}));
  EXPECT_EQ(ids(plan({.tags = {"smok"}})), (Ids{"--tag: 'smok' matches none of 6 testcases; did you mean 'smoke'?"}));
  EXPECT_EQ(ids(plan({.patterns = {"boot/smp"}, .targets = {"*gic=3*"}})),
            (Ids{"the selection is empty: each of its words matches some of 6 testcases, but none matches all of them; "
                 "'bootrig plan' lists them"}));
  EXPECT_EQ(ids(plan({.shard = 7, .shards = 8})), (Ids{"shard 7/8 is empty: only 6 testcases are selected"}));
  EXPECT_EQ(ids(plan({.matrices = {"n"}})), (Ids{"there is no matrix 'n'; did you mean 'm'?"}));
}

TEST_F(PlanTest, ShardsAreTheWhole) {
  std::multiset<std::string> together;
  for (unsigned shard = 1; shard <= 4; ++shard) {
    for (const std::string& id : ids(plan({.shard = shard, .shards = 4, .shuffle = 42}))) together.insert(id);
  }
  const Ids all = ids(plan());
  EXPECT_EQ(together, std::multiset<std::string>(all.begin(), all.end()));
}

TEST_F(PlanTest, ShardsTakeEquallyLongAndBeginWithTheLongest) {
  const std::map<std::string, Duration> durations{{"boot/smp@virt[cpus=2]", std::chrono::seconds(9)},
                                                  {"faults/gicc@virt[gic=2]", std::chrono::seconds(4)},
                                                  {"faults/gicc@virt[gic=3]", std::chrono::seconds(4)}};
  EXPECT_EQ(ids(plan({.shard = 1, .shards = 2, .durations = durations})),
            (Ids{"boot/smp@virt[cpus=2]", "faults/gicc@virt[gic=2]"}));
  EXPECT_EQ(ids(plan({.shard = 2, .shards = 2, .durations = durations})),
            (Ids{"faults/gicc@virt[gic=3]", "boot/hello@virt[gic=2,memory=1G]", "boot/hello@virt[gic=2,memory=2G]",
                 "boot/hello@virt[gic=3,memory=1G]"}));
}

TEST_F(PlanTest, ShardsAreAsTheyWereDealt) {
  std::map<std::string, unsigned> dealt;
  for (const std::string& id : ids(plan())) dealt[id] = id.starts_with("boot/hello") ? 2 : 1;
  EXPECT_EQ(ids(plan({.repeat = 2, .shard = 1, .shards = 2, .dealt = dealt})).size(), 6u);
  dealt.erase("boot/smp@virt[cpus=2]");
  EXPECT_EQ(ids(plan({.shard = 1, .shards = 2, .dealt = dealt})),
            (Ids{"the plan that is given does not hold 'boot/smp@virt[cpus=2]'"}));
}

TEST_F(PlanTest, RepeatsAndShuffles) {
  const Ids twice = ids(plan({.patterns = {"boot/smp"}, .repeat = 2}));
  EXPECT_EQ(twice, (Ids{"boot/smp@virt[cpus=2]", "boot/smp@virt[cpus=2]#2"}));
  EXPECT_EQ(ids(plan({.shuffle = 1})), ids(plan({.shuffle = 1})));
  EXPECT_NE(ids(plan({.shuffle = 1})), ids(plan({.shuffle = 2})));
}

TEST_F(PlanTest, ErrorsNameThePlace) {
  write("scenarios/m.matrix.json",
        R"({"summary": "m", "entries": [{"scenarios": ["boot/hello"], "targets": ["vrit"]}]})");
  const auto bad = plan();
  ASSERT_FALSE(bad);
  EXPECT_TRUE(
      to_text(bad.error()).ends_with("m.matrix.json:/entries/0: no target matches 'vrit'; did you mean 'virt'?"))
      << to_text(bad.error());
}

}  // namespace
}  // namespace bootrig
