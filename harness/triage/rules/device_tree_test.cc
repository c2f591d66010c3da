// Device trees that a guest cannot use: each cause, and what looks like it and is none.
#include <libfdt.h>

#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kPlace = kTestCode + 0x1000;  // of the tree, in the memory that the fake has

std::string small_tree() {
  std::string bytes(512, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  return bytes;
}

class DeviceTreeRuleTest : public RestRuleTest {
 protected:
  DeviceTreeRuleTest() {
    evidence_.stopped_for = StoppedFor::kConsole;
    evidence_.given = &given_;
    evidence_.transcript = "bootrig kernel: PANIC device tree at 0x0000000040401000: no device tree\r\n";
  }
  void put(const std::string& bytes) { data_.memory[kTestCode].replace(kPlace - kTestCode, bytes.size(), bytes); }
  // A file of what runs with this segment.
  void add_file(std::uint64_t physical, const std::string& bytes, std::uint64_t memory_size) {
    auto opened = LoadedElf::open(folder_.put(
        "kernel.elf", small_elf({0xffffff8040000000, physical, bytes, memory_size, 7}, 0xffffff8040000000)));
    ASSERT_TRUE(opened);
    files_.push_back(std::move(*opened));
    evidence_.files = files_;
  }

  GivenFiles given_;
  TestFolder folder_;
  std::vector<LoadedElf> files_;
};

TEST_F(DeviceTreeRuleTest, OverwrittenByWhatIsCleared) {
  add_file(0x40400000, "code", 0x4000);
  EXPECT_EQ(cause(), "device-tree-overwritten");
  EXPECT_EQ(what(),
            "the device tree that the guest was told of at 0x40401000 is overwritten: segment 0 of kernel.elf "
            "(0x40400000..0x40404000) lies there, and memory is zero, as that part of it is (BSS); the guest says "
            "'bootrig kernel: PANIC device tree at 0x0000000040401000: no device tree'");
}

TEST_F(DeviceTreeRuleTest, OverwrittenByASegment) {
  const std::string code(0x100, 'c');
  add_file(kPlace, code, code.size());
  put(code);
  EXPECT_EQ(cause(), "device-tree-overwritten");
  EXPECT_NE(what().find("lies there, and memory holds what it has"), std::string::npos) << what();
}

TEST_F(DeviceTreeRuleTest, OverwrittenByTheInitrd) {
  given_.initrd = {"init.cpio", "070701" + std::string(200, 'i')};
  put(given_.initrd.bytes);
  EXPECT_EQ(cause(), "device-tree-overwritten");
  EXPECT_NE(what().find("memory holds there what init.cpio has at byte 0x0"), std::string::npos) << what();
}

// Something else is there, and nobody is known to have put it: then all that is known is that no tree is there.
TEST_F(DeviceTreeRuleTest, NotGivenIsAllThatIsKnown) {
  add_file(0x40500000, "code", 0x4000);
  put("hello, this is not a device tree, nor anything that is known");
  EXPECT_EQ(cause(), "device-tree-not-given");
  EXPECT_NE(what().find("memory holds 0x68656c6c and not the magic 0xd00dfeed"), std::string::npos) << what();
}

TEST_F(DeviceTreeRuleTest, AddressZero) {
  evidence_.transcript =
      "Error: invalid device tree blob at physical address 0x0000000000000000 (virtual address 0x0000000000000000)\n";
  EXPECT_EQ(cause(), "device-tree-not-given");
  given_.image_at = 0x40200000;
  EXPECT_EQ(cause(), "device-tree-not-given");
  EXPECT_EQ(last_->cause->change,
            "boot it by its own protocol, not as raw bytes: then x0 holds the device tree's address");
}

TEST_F(DeviceTreeRuleTest, UBootsWordsAreExact) {
  evidence_.transcript = "ERROR: Did not find a cmdline Flattened Device Tree\n";
  EXPECT_EQ(cause(), "device-tree-not-given");
  evidence_.transcript = "ERROR: Did not find a cmdline Flattened Device Tree\nLinux version 6.1.0\n";
  EXPECT_EQ(cause(), "");
  evidence_.transcript = "echo Did not find a Flattened Device Tree\n";
  EXPECT_EQ(cause(), "");
}

TEST_F(DeviceTreeRuleTest, TooLarge) {
  std::string tree = small_tree();
  tree.replace(4, 4, std::string("\x00\x24\x00\x00", 4));  // 2304 KiB
  put(tree);
  EXPECT_EQ(cause(), "device-tree-too-large");
  EXPECT_NE(what().find("has 2304 KiB by its header (totalsize), and at most 2048 KiB"), std::string::npos) << what();
}

TEST_F(DeviceTreeRuleTest, DamagedInMemory) {
  std::string tree = small_tree();
  tree[fdt_off_dt_struct(tree.data()) + 3] = 7;
  put(tree);
  EXPECT_EQ(cause(), "damaged-device-tree");
  EXPECT_NE(what().find("a structure that is damaged"), std::string::npos) << what();
}

// The guest complains of a tree that is sound: its own reader is at fault, or something else is.
TEST_F(DeviceTreeRuleTest, SoundTreeIsNotBlamed) {
  put(small_tree());
  EXPECT_EQ(cause(), "");
}

TEST_F(DeviceTreeRuleTest, WithoutTheGuestsWordsNothingIsNamed) {
  evidence_.transcript = "bootrig kernel: PANIC something else at 0x0000000040401000\r\n";
  add_file(0x40400000, "code", 0x4000);
  EXPECT_EQ(cause(), "");
}

TEST_F(DeviceTreeRuleTest, DamagedInTheImage) {
  evidence_.transcript = "bootrig loader: PANIC device tree in the archive: its size is wrong\r\n";
  std::string tree = small_tree();
  tree.replace(4, 4, std::string("\x00\x10\x00\x00", 4));
  given_.image = {"loader.bin", std::string(64, 'x') + tree};
  given_.image_at = kTestCode;
  EXPECT_EQ(cause(), "damaged-device-tree");
  EXPECT_NE(what().find("at byte 0x40 of loader.bin has a header whose totalsize promises 1048576 bytes"),
            std::string::npos)
      << what();
  given_.image.bytes = std::string(64, 'x') + small_tree();
  EXPECT_EQ(cause(), "");
}

TEST_F(DeviceTreeRuleTest, ProgramThatIsNone) {
  evidence_.transcript = "Bad Linux ARM64 Image magic!\n";
  EXPECT_EQ(cause(), "damaged-program");
  evidence_.transcript = "bootrig loader: PANIC kernel.elf: segment 0 lies outside the file\r\n";
  EXPECT_EQ(cause(), "damaged-program");
  evidence_.transcript = "Bad Linux ARM64 Image magic!\n[    0.000000] Linux version 6.1.0\n";  // another one
  EXPECT_EQ(cause(), "");
  evidence_.transcript = "bootrig loader: PANIC kernel.elf: its place is the loader's\r\n";
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
