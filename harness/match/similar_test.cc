#include "match/similar.h"

#include <gtest/gtest.h>

#include <string>

namespace bootrig::match {
namespace {

// '*' stands for a wildcard.
std::optional<std::size_t> distance(std::string_view expected, std::string_view line) {
  Spelling spelling;
  for (const char byte : expected) {
    if (byte == '*') {
      spelling.push_back(kWildcard);
    } else {
      append_literal(spelling, {&byte, 1});
    }
  }
  return spelling_distance(spelling, line);
}

TEST(Spelling, CountsLettersThatDiffer) {
  EXPECT_EQ(distance("kernel entered", "kernel entered"), 0u);
  EXPECT_EQ(distance("kernel entered", "kernel enterd"), 1u);
  EXPECT_EQ(distance("kernel entered", "Kernel entered!"), 2u);
  EXPECT_EQ(distance("kernel entered", "no such thing"), std::nullopt);
}

TEST(Spelling, WildcardsStandForAnyText) {
  EXPECT_EQ(distance("base *, size *", "base 0x4000, size 12"), 0u);
  EXPECT_EQ(distance("base *", "bade 0x4000"), 1u);
  EXPECT_EQ(distance("*login:*", "debian login: "), 0u);
}

TEST(Spelling, TooLittleToCompare) {
  EXPECT_EQ(distance("", "text"), std::nullopt);
  EXPECT_EQ(distance("*", "text"), std::nullopt);
  EXPECT_EQ(distance("*=> *", "a => b"), std::nullopt);
}

TEST(Spelling, LongLinesAreCompared) {
  EXPECT_EQ(distance(std::string(5000, 'x'), std::string(5000, 'x')), 0u);
  EXPECT_EQ(distance(std::string(5000, 'x'), std::string(5000, 'y')), std::nullopt);
}

}  // namespace
}  // namespace bootrig::match
