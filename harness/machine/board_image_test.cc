#include "machine/board_image.h"

#include <gtest/gtest.h>

#include "testing/small_elf.h"

namespace bootrig {
namespace {

TEST(BoardImage, RawBytesStayAsTheyAre) {
  const auto image = board_image({.file = "a.bin", .load_address = 0x80000}, "bytes", /*flat=*/true);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->bytes, "bytes");
  EXPECT_EQ(image->load, 0x80000u);
  EXPECT_EQ(image->entry, 0x80000u);
}

TEST(BoardImage, ElfIsFlattenedToPhysicalMemory) {
  const std::string elf = small_elf(
      {.virtual_address = 0xffff000000000000, .physical_address = 0x40400000, .bytes = "code", .memory_size = 4096},
      0xffff000000000004 - 4);
  const auto flat = board_image({.file = "a.elf"}, elf, /*flat=*/true);
  ASSERT_TRUE(flat) << to_text(flat.error());
  EXPECT_EQ(flat->bytes, "code");
  EXPECT_EQ(flat->load, 0x40400000u);
  EXPECT_EQ(flat->entry, 0x40400000u);
  const auto whole = board_image({.file = "a.elf"}, elf, /*flat=*/false);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->bytes, elf);
  EXPECT_EQ(whole->entry, 0x40400000u);
}

TEST(BoardImage, NoImageIsAnError) {
  EXPECT_FALSE(board_image({.file = "a.elf"}, "", true));
  EXPECT_FALSE(board_image({.file = "a.elf"},
                           "\x7f"
                           "ELF",
                           true));
}

// The check value of CRC-32 (ITU-T V.42).
TEST(BoardImage, Crc32) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32(""), 0u);
}

}  // namespace
}  // namespace bootrig
