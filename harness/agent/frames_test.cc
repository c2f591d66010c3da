#include "agent/frames.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

std::string sample() {
  std::string bytes;
  append_frame(bytes, FrameType::kData, kGdb, "hello");
  append_frame(bytes, FrameType::kCredit, kUart, number_bytes(70000, 4));
  append_frame(bytes, FrameType::kClose, kErrors, "");
  return bytes;
}

// However the stream is cut.
TEST(FrameReader, GivesWhatWasWritten) {
  for (std::size_t step = 1; step <= sample().size(); ++step) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < sample().size(); at += step) {
      reader.feed(std::string_view(sample()).substr(at, step));
      while (auto frame = reader.next()) frames.push_back(*frame);
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].channel, kGdb);
    EXPECT_EQ(frames[0].payload, "hello");
    EXPECT_EQ(number_at(frames[1].payload, 0, 4), 70000u);
    EXPECT_EQ(frames[2].type, FrameType::kClose);
    EXPECT_FALSE(reader.broken());
  }
}

// A login banner, and what a frame cannot be.
TEST(FrameReader, RefusesWhatIsNoFrame) {
  std::string credit_of_3_bytes;
  append_frame(credit_of_3_bytes, FrameType::kCredit, kUart, "abc");
  std::string unknown_channel;
  append_frame(unknown_channel, FrameType::kData, kChannelCount, "abc");
  std::string unknown_type;
  append_frame(unknown_type, static_cast<FrameType>(10), 0, "");
  for (const std::string& bytes : {std::string("Welcome to host"), credit_of_3_bytes, unknown_channel, unknown_type}) {
    FrameReader reader;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.broken()) << bytes;
  }
}

TEST(Numbers, AreLittleEndian) {
  EXPECT_EQ(number_bytes(0x1234, 4), std::string("\x34\x12\0\0", 4));
  EXPECT_EQ(number_at(number_bytes(0xfedcba9876543210, 8), 0, 8), 0xfedcba9876543210);
  EXPECT_EQ(number_at("\x01", 0, 4), 1u);  // what is missing is 0
}

}  // namespace
}  // namespace bootrig
