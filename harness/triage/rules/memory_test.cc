// Accesses to where nothing is: behind RAM, of the other GIC, or of neither.
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kExternalAbortWrite = 0x96000050;  // EC 0x25, WnR, DFSC 0x10

TEST_F(RestRuleTest, MemoryBeyondRam) {
  put_exception(kExternalAbortWrite, kTestCode + 0x10, 0x80000000);
  EXPECT_EQ(cause(), "memory-beyond-ram");
  EXPECT_EQ(
      what(),
      "0x40400010 <start+0x10> accesses physical 0x80000000, 0 bytes behind the end of this machine's 1024 MiB of "
      "memory (0x40000000 to 0x7fffffff)");
  put_exception(kExternalAbortWrite, kTestCode + 0x10, 0xc0000008);
  EXPECT_EQ(cause(), "memory-beyond-ram");
  EXPECT_NE(what().find("1024 MiB behind"), std::string::npos) << what();
}

// A device, a hole between devices, or so far away that no memory would reach.
TEST_F(RestRuleTest, NearMissesOfMemoryBeyondRam) {
  put_exception(kExternalAbortWrite, kTestCode, 0x0b000000);
  EXPECT_EQ(cause(), "nothing-at-address");
  put_exception(kExternalAbortWrite, kTestCode, 0x4020000000);
  EXPECT_EQ(cause(), "nothing-at-address");
  put_exception(kExternalAbortWrite, kTestCode, 0x3f00000000);
  EXPECT_EQ(cause(), "nothing-at-address");
  put_exception(kExternalAbortWrite, kTestCode, 0x09000000);  // the device itself refuses
  EXPECT_EQ(cause(), "");
}

TEST_F(RestRuleTest, AccessOfTheOtherGic) {
  evidence_.map_of = [](const MachineSpec& other) {
    EXPECT_EQ(other.gic, 3u);
    return std::vector<MemoryRegion>{{0x080a0000, 0x080bffff, "gicv3_redist_region[0]", false},
                                     {0x0c000000, 0x0c000fff, "another device", false}};
  };
  put_exception(kExternalAbortWrite, kTestCode, 0x080a0014);
  EXPECT_EQ(cause(), "image-for-gicv3");
  EXPECT_EQ(what(),
            "0x40400000 <start> accesses physical 0x80a0014, where nothing is; the same machine with a GICv3 has "
            "gicv3_redist_region[0] there; this machine has a GICv2");
  put_exception(kExternalAbortWrite, kTestCode, 0x0c000000);
  EXPECT_EQ(cause(), "nothing-at-address");
}

TEST_F(RestRuleTest, OtherMachineIsNotAskedWithoutNeed) {
  evidence_.map_of = [](const MachineSpec&) -> std::vector<MemoryRegion> { throw std::logic_error("asked"); };
  put_exception(0x96000007, kTestCode, 0x1000);  // a translation fault
  EXPECT_NO_THROW(cause());
}

TEST_F(RestRuleTest, ImageOutsideRam) {
  loaded_ = {{kTestCode, kTestCode + 0xfff}, {0x7ffff000, 0x80000fff}};
  evidence_.loaded = loaded_;
  evidence_.stopped_for = StoppedFor::kTime;
  EXPECT_EQ(cause(), "image-outside-ram");
  EXPECT_EQ(what(), "the image is loaded to 0x7ffff000..0x80000fff, and at 0x80000000 this machine has nothing");
  loaded_ = {{0x09000000, 0x09000fff}};
  evidence_.loaded = loaded_;
  EXPECT_EQ(cause(), "image-outside-ram");
  EXPECT_NE(what().find("pl011, no memory"), std::string::npos) << what();
}

TEST_F(RestRuleTest, ImageThatJustFitsIsInsideRam) {
  loaded_ = {{0x40000000, 0x7fffffff}, {0, 0xfff}};
  evidence_.loaded = loaded_;
  evidence_.stopped_for = StoppedFor::kTime;
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
