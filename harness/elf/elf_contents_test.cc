#include "elf/elf_contents.h"

#include <gtest/gtest.h>

#include "testing/small_elf.h"

namespace bootrig {
namespace {

TEST(ElfContents, OfAFileWithoutSections) {
  const auto contents = read_elf_contents("x", small_elf({.virtual_address = 0x40080000, .bytes = "code"}, 0x40080000));
  ASSERT_TRUE(contents) << to_text(contents.error());
  EXPECT_EQ(contents->machine, "aarch64");
  EXPECT_EQ(contents->entry, 0x40080000u);
  EXPECT_TRUE(contents->sections.empty() && contents->defined.empty() && contents->undefined.empty());
  EXPECT_EQ(contents->find("main"), nullptr);
}

TEST(ElfContents, WhatIsNoElf) {
  for (const std::string bytes : {"",
                                  "\x7f"
                                  "ELF",
                                  "text"}) {
    const auto contents = read_elf_contents("x", bytes);
    ASSERT_FALSE(contents);
    EXPECT_EQ(to_text(contents.error()), "x: is no ELF file");
  }
}

// A header that lies: every field of it, each byte replaced.
TEST(ElfContents, LyingHeadersGiveAnErrorOrLess) {
  const std::string good = small_elf({.virtual_address = 0x40080000, .bytes = "code"}, 0x40080000);
  for (std::size_t at = 0; at < 64; ++at) {
    for (const char byte : {'\0', '\1', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[at] = byte;
      const auto contents = read_elf_contents("x", bytes);
      EXPECT_TRUE(!contents || contents->sections.size() * 64 <= 4 * bytes.size());
    }
  }
}

}  // namespace
}  // namespace bootrig
