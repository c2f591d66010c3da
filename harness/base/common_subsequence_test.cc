#include "base/common_subsequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bootrig {
namespace {

std::string common(const std::string& a, const std::string& b) {
  std::string text;
  for (const auto& [i, j] : common_subsequence(a.size(), b.size(), [&](auto i, auto j) { return a[i] == b[j]; })) {
    EXPECT_EQ(a[i], b[j]);
    text += a[i];
  }
  return text;
}

TEST(CommonSubsequence, IsTheLongest) {
  EXPECT_EQ(common("", ""), "");
  EXPECT_EQ(common("abc", ""), "");
  EXPECT_EQ(common("abc", "abc"), "abc");
  EXPECT_EQ(common("abcd", "xbxd"), "bd");
  EXPECT_EQ(common("axbyc", "abc"), "abc");
  EXPECT_EQ(common("nematode", "empty").size(), 3u);
}

TEST(CommonSubsequence, WhatIsTooLongIsComparedAtItsEnds) {
  const std::string a = "ab" + std::string(5000, 'x') + "yz", b = "ab" + std::string(5000, 'w') + "z";
  EXPECT_EQ(common(a, b), "abz");
}

}  // namespace
}  // namespace bootrig
