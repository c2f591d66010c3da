#include "machine/ymodem.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr char kAck = 0x06, kNak = 0x15, kCan = 0x18, kEot = 0x04;

TEST(Ymodem, SendsHeaderBlocksAndEnd) {
  YmodemSender sender("image.bin", std::string(1025, 'x'));
  EXPECT_EQ(sender.take_send(), "");
  EXPECT_EQ(sender.feed("CC"), 2u);
  const std::string header = sender.take_send();
  ASSERT_EQ(header.size(), 133u);
  EXPECT_EQ(header.substr(0, 3), std::string("\x01\x00\xff", 3));
  EXPECT_EQ(header.substr(3, 15), std::string("image.bin\0001025\0", 15));
  sender.feed(std::string{kAck, 'C'});
  const std::string first = sender.take_send();
  ASSERT_EQ(first.size(), 1029u);
  EXPECT_EQ(first.substr(0, 4), "\x02\x01\xfex");
  sender.feed(std::string{kNak});
  EXPECT_EQ(sender.take_send(), first) << "again";
  sender.feed(std::string{kAck});
  const std::string second = sender.take_send();
  EXPECT_EQ(second.substr(0, 5), "\x02\x02\xfdx\x1a");
  EXPECT_EQ(sender.progress(), "1 of 2 blocks");
  sender.feed(std::string{kAck});
  EXPECT_EQ(sender.take_send(), std::string(1, kEot));
  sender.feed(std::string{kNak});
  EXPECT_EQ(sender.take_send(), std::string(1, kEot));
  sender.feed(std::string{kAck, 'C'});
  EXPECT_EQ(sender.take_send().substr(3, 128), std::string(128, '\0'));
  EXPECT_FALSE(sender.done());
  EXPECT_EQ(sender.feed(std::string{kAck} + "## Total"), 1u) << "what follows is the console's";
  EXPECT_TRUE(sender.done());
}

// CRC-16/XMODEM of "123456789" is 0x31c3; here of a block of zeroes but for its first bytes.
TEST(Ymodem, LastHeaderHasTheCrcOfZeroes) {
  YmodemSender sender("", "");
  sender.feed(std::string{'C', kAck, 'C', kAck, 'C'});
  EXPECT_EQ(sender.take_send().substr(131), std::string(2, '\0'));
}

TEST(Ymodem, GivesUp) {
  YmodemSender cancelled("a", "b");
  cancelled.feed(std::string{'C', kCan, kCan});
  EXPECT_EQ(cancelled.failure(), "the board cancelled it");
  YmodemSender refused("a", "b");
  refused.feed("C" + std::string(20, kNak));
  EXPECT_EQ(refused.failure(), "one block was refused 11 times");
}

}  // namespace
}  // namespace bootrig
