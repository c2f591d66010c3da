#include "cli/console_keys.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

std::string told(const std::vector<ConsoleInput>& inputs) {
  std::string text;
  for (const ConsoleInput& input : inputs) {
    text += input.bytes.empty() ? "<" + std::to_string(static_cast<int>(input.command)) + ">" : input.bytes;
  }
  return text;
}

constexpr const char* kTyped =
    "a\x03\x1d"
    "b\r\x1dr\x1d\x1d\x1dq\x1dzz\x1d\x1b[A\x1dh\x1d?\x1d"
    "D";
constexpr const char* kTold = "a\x03<0><1>\r<0><2><0>\x1d<0><7><0><9>z<0>[A<0><8><0><8><0><5>";

TEST(ConsoleKeys, BytesAndCommands) {
  EXPECT_EQ(told(ConsoleKeys().feed(kTyped)), kTold);
}

TEST(ConsoleKeys, HoweverTheyWereSplit) {
  const std::string typed = kTyped;
  for (std::size_t at = 0; at <= typed.size(); ++at) {
    ConsoleKeys keys;
    const std::string first = told(keys.feed(typed.substr(0, at)));
    EXPECT_EQ(first + told(keys.feed(typed.substr(at))), kTold) << at;
  }
}

TEST(ConsoleKeys, EveryKeyIsInMenuAndHelp) {
  const std::string menu = console_menu();
  EXPECT_EQ(menu, "b break  r reset  p pause  d diagnose  D hang  s save  q quit  ? help  Ctrl-] sends it");
  EXPECT_EQ(console_help().size(), 9u);
  EXPECT_EQ(console_help()[0], "Ctrl-] b  send a BREAK on the serial line");
}

}  // namespace
}  // namespace bootrig
