#include "machine/other_machine.h"

#include <gtest/gtest.h>

#include "testing/fake_launcher.h"
#include "testing/soon.h"

namespace bootrig {
namespace {

// The CPU interface of a GICv2, and a redistributor of a GICv3, are where the other has nothing.
TEST(OtherMachineTest, TellsWhatTheOtherGicHasWhere) {
  ForkingLauncher launcher;
  const auto two = memory_map_of(launcher, {.gic = 2}, soon()), three = memory_map_of(launcher, {.gic = 3}, soon());
  ASSERT_TRUE(two) << to_text(two.error());
  ASSERT_TRUE(three) << to_text(three.error());
  ASSERT_NE(find_region(*two, 0x08010004), nullptr);
  EXPECT_TRUE(find_region(*two, 0x08010004)->name.starts_with("gic")) << find_region(*two, 0x08010004)->name;
  EXPECT_EQ(find_region(*two, 0x080a0014), nullptr);
  ASSERT_NE(find_region(*three, 0x080a0014), nullptr);
  EXPECT_TRUE(find_region(*three, 0x080a0014)->name.starts_with("gic")) << find_region(*three, 0x080a0014)->name;
}

TEST(OtherMachineTest, ARefusalIsAnError) {
  ForkingLauncher launcher;
  EXPECT_FALSE(memory_map_of(launcher, {.cpu = "no-such-cpu"}, soon()));
  FakeLauncher silent([](const LaunchSpec&) -> Result<FakeRun> { return FakeRun{"sorry\n", {.code = 1}}; });
  const auto map = memory_map_of(silent, {}, soon());
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().message, "QEMU does not tell its memory map: sorry");
}

}  // namespace
}  // namespace bootrig
