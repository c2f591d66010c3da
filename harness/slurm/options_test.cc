#include "slurm/options.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using namespace std::chrono_literals;

std::string error_of(const std::string& word) {
  const auto options = parse_slurm_options({word});
  return options ? "" : to_text(options.error());
}

TEST(SlurmOptions, AreRead) {
  const auto options = parse_slurm_options({"shards=16", "cpus=4", "memory=3G", "time=2h", "poll=500ms",
                                            "start-within=10m", "sbatch=--partition=nightly", "sbatch=-Aboot"});
  ASSERT_TRUE(options) << to_text(options.error());
  EXPECT_EQ(options->shards, 16u);
  EXPECT_EQ(options->cpus, 4u);
  EXPECT_EQ(options->memory, std::uint64_t{3} << 30);
  EXPECT_EQ(options->time, 2h);
  EXPECT_EQ(options->poll, 500ms);
  EXPECT_EQ(options->start_within, 10min);
  EXPECT_EQ(options->sbatch, (std::vector<std::string>{"--partition=nightly", "-Aboot"}));
}

TEST(SlurmOptions, ThatAreNoneAreRefused) {
  EXPECT_EQ(
      error_of("shard=3"),
      "--engine-option shard=3: slurm has no option 'shard'; there is 'cpus', 'memory', 'poll', 'sbatch', 'shards', "
      "'start-within' or 'time'; did you mean 'shards'?");
  EXPECT_EQ(error_of("shards"), "--engine-option shards: is not of the form name=value");
  EXPECT_EQ(error_of("shards=0"), "--engine-option shards=0: '0' is no whole number from 1 to 1000");
  EXPECT_EQ(error_of("cpus=many"), "--engine-option cpus=many: 'many' is no whole number from 1 to 1024");
  EXPECT_EQ(error_of("poll=0s"), "--engine-option poll=0s: it must be greater than 0");
  EXPECT_EQ(error_of("sbatch=evil.sh"), "--engine-option sbatch=evil.sh: 'evil.sh' is no option of sbatch");
  EXPECT_NE(error_of("time=5"), "");
  EXPECT_NE(error_of("memory=5GB"), "");
}

}  // namespace
}  // namespace bootrig
