#include "elf/loaded_elf.h"

#include <gtest/gtest.h>

#include <array>

#include "testing/small_elf.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kVirtual = 0xffffff8040000000, kPhysical = 0x40000000;

std::string four_bytes_and_four_zeroes() {
  return small_elf({kVirtual, kPhysical, "\x01\x02\x03\x04", 8}, kVirtual);
}

class LoadedElfTest : public ::testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(LoadedElfTest, GivesBytesByEitherAddressAndZeroesBehindTheFile) {
  ASSERT_TRUE(write_file(folder_.path() / "a.elf", four_bytes_and_four_zeroes()));
  const auto file = LoadedElf::open(folder_.path() / "a.elf");
  ASSERT_TRUE(file);
  std::array<std::uint8_t, 4> out;
  ASSERT_TRUE(file->read_physical(0x40000002, out));
  EXPECT_EQ(out, (std::array<std::uint8_t, 4>{3, 4, 0, 0}));
  ASSERT_TRUE(file->read_virtual(0xffffff8040000000, out));
  EXPECT_EQ(out, (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_FALSE(file->read_physical(0x40000005, out));
  EXPECT_FALSE(file->read_physical(0x3fffffff, out));
  EXPECT_FALSE(file->read_virtual(0x40000000, out));
}

TEST_F(LoadedElfTest, AFileThatShrinksIsAnError) {
  const auto path = folder_.path() / "a.elf";
  ASSERT_TRUE(write_file(path, four_bytes_and_four_zeroes()));
  const auto file = LoadedElf::open(path);
  ASSERT_TRUE(file);
  std::filesystem::resize_file(path, 64);
  std::array<std::uint8_t, 4> out;
  EXPECT_FALSE(file->read_physical(0x40000000, out));
}

}  // namespace
}  // namespace bootrig
