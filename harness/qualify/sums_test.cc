#include "qualify/sums.h"

#include <gtest/gtest.h>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

const std::string kA(64, 'a'), kB(64, 'b');

TEST(Sums, OfAFolderAsSha256sumHasThem) {
  const TestFolder folder;
  folder.put("b", "");
  folder.put("a/file", "abc");
  folder.put("skipped", "x");
  folder.put("a/skipped", "abc");
  const auto sums = sums_of(folder.path(), {"skipped"});
  ASSERT_TRUE(sums);
  // FIPS 180-4's examples.
  EXPECT_EQ(sums_text(*sums),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a/file\n"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a/skipped\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n");
  EXPECT_EQ(parse_sums(sums_text(*sums)), *sums);
}

TEST(Sums, ALinkIsNoFile) {
  const TestFolder folder;
  fs::create_symlink("/etc/hostname", folder.path() / "link");
  const auto sums = sums_of(folder.path(), {});
  ASSERT_FALSE(sums);
  EXPECT_EQ(to_text(sums.error()), "link: is no regular file");
}

TEST(Sums, LinesOfAnotherFormArePassedOver) {
  EXPECT_EQ(parse_sums(""), Sums());
  EXPECT_EQ(parse_sums(kA + "  x\n" + kB + " *y\n" + kB + "  \nnonsense\n" + std::string(64, 'A') + "  z\n"),
            (Sums{{"x", kA}}));
}

TEST(Sums, Differences) {
  EXPECT_EQ(sums_differences({{"a", kA}, {"b", kA}, {"d", kA}}, {{"b", kB}, {"c", kA}, {"d", kA}}),
            (Lines{"a: is missing", "b: has changed", "c: was added"}));
}

}  // namespace
}  // namespace bootrig
