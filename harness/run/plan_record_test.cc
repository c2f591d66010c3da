#include "run/plan_record.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

class PlanRecordTest : public ::testing::Test {
 protected:
  PlanRecordTest() {
    plan_.info.name = "m";
    plan_.shard = 2;
    plan_.shards = 3;
    for (const unsigned shard : {1u, 2u, 3u, 2u}) {
      RunResult result;
      result.scenario = "boot/hello";
      result.id = "boot/hello@virt[gic=" + std::to_string(plan_.testcases.size()) + "]";
      result.duration = std::chrono::seconds(shard);
      plan_.testcases.push_back(result);
      plan_.shard_of.push_back(shard);
    }
    EXPECT_TRUE(write_plan_record(folder_.path(), plan_));
  }
  std::string file() const { return folder_.path() / "plan.jsonl"; }
  // The error when `from` is `to`.
  std::string error_with(const std::string& from, const std::string& to) {
    EXPECT_TRUE(write_plan_record(folder_.path(), plan_));
    std::string text = read_file(file()).value();
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    EXPECT_TRUE(write_file(file(), text.replace(at, from.size(), to)));
    const auto plan = read_plan_record(folder_.path());
    return plan ? "" : to_text(plan.error());
  }

  TestFolder folder_;
  PlanRecord plan_;
};

TEST_F(PlanRecordTest, SurvivesTheRoundTrip) {
  const PlanRecord again = read_plan_record(folder_.path()).value();
  EXPECT_EQ(again.info.name, "m");
  EXPECT_EQ(again.shard, 2u);
  EXPECT_EQ(again.shards, 3u);
  EXPECT_EQ(again.shard_of, plan_.shard_of);
  ASSERT_EQ(again.testcases.size(), 4u);
  EXPECT_EQ(again.testcases[3].id, "boot/hello@virt[gic=3]");
  EXPECT_EQ(again.testcases[3].duration, std::chrono::seconds(2));
  EXPECT_EQ(plan_fingerprint(again, 2), plan_fingerprint({"boot/hello@virt[gic=3]", "boot/hello@virt[gic=1]"}));
}

TEST_F(PlanRecordTest, OfATaskRefersToAnothers) {
  const auto task = folder_.path() / "1";
  ASSERT_TRUE(make_folders(task));
  plan_.shard = 1;
  ASSERT_TRUE(write_plan_record(task, plan_, file()));
  EXPECT_LT(read_file(task / "plan.jsonl").value().size(), 400u);
  const PlanRecord again = read_plan_record(task).value();
  EXPECT_EQ(again.shard, 1u);
  EXPECT_EQ(again.testcases.size(), 4u);
  // No chain of them, and none that refers to itself.
  ASSERT_TRUE(write_plan_record(folder_.path(), plan_, file()));
  EXPECT_EQ(to_text(read_plan_record(folder_.path()).error()), file() + ":1: refers to yet another plan");
}

TEST_F(PlanRecordTest, RefusesWhatIsNone) {
  EXPECT_EQ(error_with("bootrig-plan-1", "bootrig-plan-9"), file() + ":1: is no plan of a bootrig run");
  EXPECT_EQ(error_with("\"shards\":3", "\"shards\":4000000000"),
            file() + ":1: plan: shards is missing or of another type");
  EXPECT_EQ(error_with("\"shard\":2,\"shards\"", "\"shard\":4,\"shards\""),
            file() + ":1: plan: shard is missing or of another type");
  EXPECT_EQ(error_with("gic=1", "gic=0"), file() + ":3: 'boot/hello@virt[gic=0]' is there twice");
  EXPECT_EQ(error_with("\"scenario\":\"boot/hello\"", "\"scenario\":\"../../x\""),
            file() + ":2: 'boot/hello@virt[gic=0]' is no testcase's name");
  ASSERT_TRUE(write_file(file(), ""));
  EXPECT_EQ(to_text(read_plan_record(folder_.path()).error()), file() + ": is no plan of a bootrig run");
}

}  // namespace
}  // namespace bootrig
