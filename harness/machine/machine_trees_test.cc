#include "machine/machine_trees.h"

#include <gtest/gtest.h>

#include "testing/fake_launcher.h"
#include "testing/soon.h"

namespace bootrig {
namespace {

TEST(MachineTrees, TellWhatQemuPasses) {
  ForkingLauncher launcher;
  const auto tree = device_tree_of(launcher, {.memory = std::uint64_t{512} << 20, .gic = 3, .level = 2}, soon());
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->memory, (std::vector<DeviceTree::Range>{{0x40000000, std::uint64_t{512} << 20}}));
  EXPECT_EQ(tree->gic_version, 3u);
  EXPECT_EQ(tree->psci_method, "smc");
}

TEST(MachineTrees, AreAskedOnceAMachine) {
  unsigned asked = 0;
  FakeLauncher launcher([&](const LaunchSpec&) -> Result<FakeRun> {
    ++asked;
    return FakeRun{"sorry\n", {.code = 1}};
  });
  MachineTrees trees(launcher);
  EXPECT_EQ(trees.of({}), nullptr);
  EXPECT_EQ(trees.of({}), nullptr);
  EXPECT_EQ(asked, 1u);
  EXPECT_EQ(trees.of({.gic = 3}), nullptr);
  EXPECT_EQ(asked, 2u);
  const auto tree = device_tree_of(launcher, {}, soon());
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().message, "QEMU does not tell its device tree: sorry");
}

}  // namespace
}  // namespace bootrig
