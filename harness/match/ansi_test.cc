#include "match/ansi.h"

#include <gtest/gtest.h>

#include <string>

namespace bootrig::match {
namespace {

std::string stripped(std::string_view bytes, std::size_t step) {
  AnsiStripper stripper;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += step)
    stripper.strip(bytes.substr(at, step), [&](std::string_view piece) { text += piece; });
  return text;
}

TEST(AnsiStripper, DropsSequencesInAnySplit) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {
      {"plain", "plain"},
      {"\x1b[31mred\x1b[0m", "red"},
      {"a\x1b[2J\x1b[1;1Hb", "ab"},
      {"a\x1b[?25lb", "ab"},
      {"a\x1b(Bb", "ab"},
      {"a\x1b"
       "7b\x1b"
       "8c",
       "abc"},
      {"a\x1b]0;title\x07"
       "b",
       "ab"},
      {"a\x1b]0;title\x1b\\b", "ab"},
      {"a\x1b\x1b[0mb", "ab"},
      {"back\bspace\r", "back\bspace\r"},
      // Broken sequences end at the byte that cannot stand in them.
      {"a\x1b[31\nb", "a\nb"},
      {"a\x1b]0;title\nb", "a\nb"},
      {"a\x1b\nb", "a\nb"},
      {"a\x1b[\x80z", "a\x80z"},
      {std::string_view("a\x1b\0b", 4), std::string_view("a\0b", 3)},
      {"a\x1b", "a"},
      {"", ""},
  };
  for (const auto& c : cases) {
    for (std::size_t step = 1; step <= 8; ++step) EXPECT_EQ(stripped(c.bytes, step), c.text) << c.bytes;
  }
}

}  // namespace
}  // namespace bootrig::match
