#include "match/capture_check.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

CaptureCheck text(std::string is) {
  return {"", "x", std::move(is), {}, {}};
}
CaptureCheck range(std::optional<std::uint64_t> at_least, std::optional<std::uint64_t> at_most) {
  return {"", "x", {}, at_least, at_most};
}

TEST(CaptureCheck, AllowsWhatItSays) {
  const struct {
    CaptureCheck check;
    std::string captured;
    bool allowed;
  } cases[] = {
      {text("v1.2"), "v1.2", true},
      {text("v1.2"), "v1.20", false},
      {text(""), "", true},
      {text("16"), "0x10", false},  // a text is compared as a text
      {range(900, 1024), "899", false},
      {range(900, 1024), "900", true},
      {range(900, 1024), "1024", true},
      {range(900, 1024), "1025", false},
      {range(900, 1024), "0x384", true},
      {range(900, 1024), "0900", true},
      {range(900, {}), "18446744073709551615", true},
      {range(900, {}), "18446744073709551616", false},  // beyond 64 bits
      {range(900, {}), "0xffffff8040000000", true},
      {range({}, 4), "0", true},
      {range({}, 4), "5", false},
      {range({}, 4), "", false},
      {range({}, 4), "-1", false},
      {range({}, 4), "2 ", false},
      {range({}, 4), "two", false},
      {range(7, 7), "7", true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(allows(c.check, c.captured), c.allowed) << allowed_text(c.check) << " of '" << c.captured << "'";
    EXPECT_FALSE(allows(c.check, disallowed_text(c.check, c.captured))) << allowed_text(c.check);
  }
}

TEST(CaptureCheck, SaysWhatItAllows) {
  EXPECT_EQ(allowed_text(text("v1.2")), "v1.2");
  EXPECT_EQ(allowed_text(range(900, 1024)), "900 to 1024");
  EXPECT_EQ(allowed_text(range(900, {})), "at least 900");
  EXPECT_EQ(allowed_text(range({}, 4)), "at most 4");
  EXPECT_EQ(allowed_text(range(7, 7)), "7");
}

TEST(CaptureCheck, WhatItDoesNotAllowIsWrittenAsWhatWasCaptured) {
  EXPECT_EQ(disallowed_text(range(0x10, {}), "0x20"), "0xf");
  EXPECT_EQ(disallowed_text(range({}, 4), "3"), "5");
  EXPECT_EQ(disallowed_text(text("one"), "one"), "onf");
  EXPECT_EQ(disallowed_text(text("v1.9)"), "v1.9)"), "v1.8)");
  EXPECT_EQ(disallowed_text(text("--"), "--"), "--x");
}

}  // namespace
}  // namespace bootrig
