#include "slurm/tasks.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

TEST(SlurmTasks, AreReadAndOtherLinesPassedOver) {
  const auto tasks = parse_tasks(
      "slurm_load_jobs: a warning\n12|3|RUNNING|None\n12|N/A|RUNNING|None\n12|4|PENDING|launch failed requeued "
      "held\n|||\n12|99999999999999|RUNNING|None\n\n");
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].job, "12");
  EXPECT_EQ(tasks[0].task, 3u);
  EXPECT_EQ(tasks[0].state, "RUNNING");
  EXPECT_EQ(tasks[1].reason, "launch failed requeued held");
}

TEST(SlurmTasks, ThatMayStillGiveResultsAreActive) {
  for (const char* state : {"PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING", "REQUEUED"}) {
    EXPECT_TRUE(is_active(state)) << state;
  }
  for (const char* state : {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
                            "BOOT_FAIL", "DEADLINE", "REVOKED", ""}) {
    EXPECT_FALSE(is_active(state)) << state;
  }
}

TEST(SlurmTasks, ThatNeverStartAreStuck) {
  EXPECT_TRUE(is_stuck({"1", 1, "PENDING", "launch failed requeued held"}));
  EXPECT_TRUE(is_stuck({"1", 1, "PENDING", "BadConstraints"}));
  EXPECT_FALSE(is_stuck({"1", 1, "PENDING", "Resources"}));
  EXPECT_FALSE(is_stuck({"1", 1, "RUNNING", "BadConstraints"}));
}

TEST(SlurmTasks, AreNamedInRanges) {
  EXPECT_EQ(array_text({1, 2, 3, 5, 7, 8}), "1-3,5,7-8");
  EXPECT_EQ(array_text({4}), "4");
}

}  // namespace
}  // namespace bootrig
