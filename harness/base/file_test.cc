#include "base/file.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

TEST(File, WritesAndReadsBack) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "file_test.bin";
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(write_file_atomically(path, bytes));
  EXPECT_EQ(read_file(path).value(), bytes);
  EXPECT_EQ(sha256_file(path).value(), sha256_hex(bytes));
  EXPECT_EQ(read_file(path, 2).error().message, "is larger than 2 bytes");
}

TEST(File, NamesWhatIsMissing) {
  const auto result = read_file("/nowhere/at/all");
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "/nowhere/at/all: cannot read: No such file or directory");
}

// FIPS 180-4's example for the message "abc".
TEST(Sha256, KnownAnswer) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace bootrig
