// Initial ramdisks that a guest cannot use.
#include <libfdt.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kInitrdPlace = kTestCode + 0x1000;
constexpr const char* kFailed = "[ 0.3] Initramfs unpacking failed: invalid magic at start of compressed archive\n";

// Of an empty archive: its end mark alone.
std::string archive() {
  return "07070100000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000b0000000"
         "0"
         "TRAILER!!!" +
         std::string(4, '\0');
}

std::string tree_with_initrd(std::uint64_t size) {
  std::string bytes(1024, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_begin_node(tree, "chosen");
  fdt_property_u64(tree, "linux,initrd-start", kInitrdPlace);
  fdt_property_u64(tree, "linux,initrd-end", kInitrdPlace + size);
  fdt_end_node(tree);
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  return bytes;
}

class InitrdRuleTest : public RestRuleTest {
 protected:
  InitrdRuleTest() {
    evidence_.stopped_for = StoppedFor::kConsole;
    evidence_.given = &given_;
    evidence_.transcript = kFailed;
    give(archive());
  }
  void give(const std::string& bytes) {
    given_.initrd = {"init.cpio", bytes};
    data_.device_tree = tree_with_initrd(bytes.size());
    data_.memory[kTestCode].replace(kInitrdPlace - kTestCode, bytes.size(), bytes);
  }
  GivenFiles given_;
};

TEST_F(InitrdRuleTest, CutOff) {
  give(archive().substr(0, 60));
  EXPECT_EQ(cause(), "damaged-initrd");
  give("no archive at all");
  EXPECT_EQ(cause(), "damaged-initrd");
  EXPECT_NE(what().find("the initrd init.cpio, of 17 bytes, begins with the bytes 6e6f20617263"), std::string::npos)
      << what();
}

TEST_F(InitrdRuleTest, CutOffAndNoFirstProcess) {
  give(archive().substr(0, 60));
  evidence_.transcript = "[ 1.0] Kernel panic - not syncing: No working init found.  Try passing init=\n";
  EXPECT_EQ(cause(), "damaged-initrd");
  give(archive());  // it has no first process, but is whole
  EXPECT_EQ(cause(), "gave-up");
}

TEST_F(InitrdRuleTest, DamageThatNobodyMetIsNotTheCause) {
  give(archive().substr(0, 60));
  evidence_.transcript = "[ 1.0] Kernel panic - not syncing: something else\n";
  EXPECT_EQ(cause(), "");
}

TEST_F(InitrdRuleTest, SoundInitrdIsNotBlamed) {
  EXPECT_EQ(cause(), "");
  evidence_.transcript = "[ 0.3] Initramfs unpacking failed: write error\n";  // memory was too small for it
  EXPECT_EQ(cause(), "");
}

TEST_F(InitrdRuleTest, Overwritten) {
  data_.memory[kTestCode].replace(kInitrdPlace - kTestCode + 64, 4, "oops");
  EXPECT_EQ(cause(), "initrd-overwritten");
  EXPECT_NE(what().find("and from 0x40401040 on memory holds something else"), std::string::npos) << what();
}

TEST_F(InitrdRuleTest, MemoryThatWasGivenBackIsNoEvidence) {
  data_.memory[kTestCode].replace(kInitrdPlace - kTestCode + 64, 4, "oops");
  const std::string text = std::string(kFailed) + "[ 0.4] Freeing initrd memory: 4K\n";
  evidence_.transcript = text;
  EXPECT_EQ(cause(), "");
}

TEST_F(InitrdRuleTest, CompressionThatTheKernelLacks) {
  evidence_.transcript = "[ 0.3] Initramfs unpacking failed: compression method zstd not configured\n";
  give(
      "\x28\xb5\x2f\xfd"
      "data");
  EXPECT_EQ(cause(), "initrd-compression");
  EXPECT_NE(what().find("(zstd)"), std::string::npos) << what();
}

}  // namespace
}  // namespace bootrig
