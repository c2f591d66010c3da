#include "base/console_text.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

TEST(ConsoleText, IsOneVisibleLine) {
  EXPECT_EQ(console_text("a\tb\nc\x1b[2J\r\x07"), "a    b\\nc\\x1b[2J\\x0d\\x07");
  EXPECT_EQ(console_text("a\xe2\x80\xae"
                         "b\xe2\x80\xa8"
                         "c\xef\xbb\xbf"),
            "a\ufffdb\ufffdc\ufffd");  // RLO, LS, BOM
  EXPECT_EQ(console_text("\xff"), "\ufffd");
}

TEST(ConsoleText, NoByteIsLeftThatATerminalObeys) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const char c : console_text(std::string(1, static_cast<char>(byte)))) {
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << "byte " << byte;
    }
  }
}

TEST(Columns, CountsWhatIsSeen) {
  EXPECT_EQ(columns_of("grün"), 4u);
  EXPECT_EQ(columns_of("e\u0301"), 1u);
  EXPECT_EQ(columns_of("漢字"), 4u);
}

TEST(Columns, CutsAndFills) {
  EXPECT_EQ(cut_to("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to("漢字漢", 4), "漢…");
  EXPECT_EQ(cut_to("abc", 0), "");
  EXPECT_EQ(fit_to("ab", 4), "ab  ");
  EXPECT_EQ(fit_to("漢字漢", 4), "漢… ");
}

TEST(Columns, WrapsAtBlanks) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrap_to("one two three", 8, 3), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap_to("one two three four five", 8, 2), (Lines{"one two", "three f…"}));
  EXPECT_EQ(wrap_to("abcdefghij", 4, 5), (Lines{"abcd", "efgh", "ij"}));
  EXPECT_EQ(wrap_to("", 4, 5), (Lines{""}));
  EXPECT_EQ(wrap_to("漢字", 1, 5), (Lines{"漢", "字"}));
}

}  // namespace
}  // namespace bootrig
