#include "triage/guest_words.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using About = GuestWords::About;

TEST(GuestWords, NumbersBehindThem) {
  const auto words = find_words(
      "[    0.08] psci: failed to boot CPU3 (-22)\r\n"
      "bootrig kernel: PANIC device tree at 0x0000000040018000: no device tree\r\n",
      "");
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].about, About::kCpu);
  EXPECT_EQ(words[0].number, 3u);
  EXPECT_EQ(words[0].line, "psci: failed to boot CPU3 (-22)");
  EXPECT_EQ(words[1].about, About::kTree);
  EXPECT_EQ(words[1].address, 0x40018000u);
}

TEST(GuestWords, EachKindOnceTheConsoleFirst) {
  const auto words = find_words("Bad Linux ARM64 Image magic!\nBad Data CRC\n",
                                "Bad Data CRC\nKernel panic - not syncing: No interrupt controller found.\n");
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].line, "Bad Linux ARM64 Image magic!");
  EXPECT_FALSE(words[0].in_memory);
  EXPECT_EQ(words[1].about, About::kNoGic);
  EXPECT_TRUE(words[1].in_memory);
}

TEST(GuestWords, CompressionIsNotDamage) {
  const auto words = find_words("Initramfs unpacking failed: compression method zstd not configured\n", "");
  EXPECT_NE(said(words, About::kNoMethod), nullptr);
  EXPECT_EQ(said(words, About::kInitrd), nullptr);
}

TEST(GuestWords, NearMisses) {
  for (const char* line :
       {"device tree at 0x40000000", "Trying to unpack rootfs image as initramfs...", "Freeing initrd memory: 8K",
        "VFS: Mounted root (ext4 filesystem) readonly on device 254:1.", "psci: PSCIv1.1 detected in firmware.",
        "## Flattened Device Tree blob at 44000000", "kernel.elf, 27 bytes, entry 0x0", "\x1b[31m\xff\xfe", ""}) {
    EXPECT_TRUE(find_words(line, line).empty()) << line;
  }
}

}  // namespace
}  // namespace bootrig
