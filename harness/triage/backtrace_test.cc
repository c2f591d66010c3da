#include "triage/backtrace.h"

#include <gtest/gtest.h>

#include <random>

#include "testing/fake_memory.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kUpper = 0xffffff8040000000;
constexpr std::uint64_t kStack = 0x40100000;

class BacktraceTest : public ::testing::Test {
 protected:
  // Four functions of 0x100 bytes, and nothing around them.
  static std::optional<std::uint64_t> function(std::uint64_t address) {
    if (address - kUpper >= 0x400) return std::nullopt;
    return address & ~std::uint64_t{0xff};
  }

  void record(std::uint64_t at, std::uint64_t fp, std::uint64_t return_address) {
    memory_.write64(at, fp);
    memory_.write64(at + 8, return_address);
  }

  // The frames, as offsets from kUpper, and the end.
  std::string trace(const CpuFrame& start, unsigned address_bits = 48) {
    const auto read = [this](std::uint64_t address, std::span<std::uint8_t> out) { return memory_.read(address, out); };
    const Backtrace result = backtrace(start, read, function, address_bits);
    std::string text;
    for (const Frame& frame : result.frames) text += fmt::format("{:#x} ", frame.pc - kUpper);
    return text + "| " + result.end;
  }

  FakeMemory memory_;
};

TEST_F(BacktraceTest, FollowsRecords) {
  record(kStack, kStack + 0x40, kUpper + 0x110);
  record(kStack + 0x40, kStack + 0x80, kUpper + 0x220);
  record(kStack + 0x80, 0, kUpper + 0x330);
  // Right behind the prologue: x30 is what the record holds, and counts once.
  EXPECT_EQ(trace({kUpper + 0x20, kUpper + 0x110, kStack, kStack}), "0x20 0x10c 0x21c 0x32c | the frame pointer is 0");
  // x30 is left over from a call of this function.
  EXPECT_EQ(trace({kUpper + 0x20, kUpper + 0x18, kStack, kStack - 0x20}),
            "0x20 0x10c 0x21c 0x32c | the frame pointer is 0");
}

TEST_F(BacktraceTest, FunctionWithoutItsOwnRecord) {
  record(kStack, 0, kUpper + 0x220);
  EXPECT_EQ(trace({kUpper + 0x20, kUpper + 0x110, kStack, kStack}), "0x20 0x10c 0x21c | the frame pointer is 0");
  // The same before there is any frame.
  EXPECT_EQ(trace({kUpper + 0x20, kUpper + 0x110, 0, kStack}), "0x20 0x10c | the frame pointer is 0");
  // A call of nothing: x30 says who did it.
  EXPECT_EQ(trace({kUpper - 0x1000, kUpper + 0x110, kStack, kStack}),
            "0xfffffffffffff000 0x10c 0x21c | the frame pointer is 0");
}

// A call that never returns may be its function's last instruction: the return address is the next function's.
TEST_F(BacktraceTest, CallAtTheEndOfAFunction) {
  record(kStack, 0, kUpper + 0x400);
  EXPECT_EQ(trace({kUpper + 0x20, 0, kStack, kStack}), "0x20 0x3fc | the frame pointer is 0");
}

TEST_F(BacktraceTest, StopsAtWhatIsNoRecord) {
  const auto with_fp = [&](std::uint64_t fp) { return trace({kUpper, 0, fp, kStack}); };
  EXPECT_EQ(with_fp(kStack + 4), "0x0 | the frame pointer 0x40100004 is not aligned");
  EXPECT_EQ(with_fp(kStack - 16), "0x0 | the frame pointer 0x400ffff0 points down the stack, below 0x40100000");
  EXPECT_EQ(with_fp(kStack + 0x10000), "0x0 | the frame record at 0x40110000 cannot be read: no memory at 0x40110000");
  EXPECT_EQ(with_fp(0xfffffffffffffff8),
            "0x0 | the frame record at 0xfffffffffffffff8 cannot be read: no memory at 0xfffffffffffffff8");
  record(kStack, kStack + 0x40, 0);
  EXPECT_EQ(with_fp(kStack), "0x0 | the return address at 0x40100008 is 0");
  record(kStack, kStack + 0x40, 0xdeadbeef);
  EXPECT_EQ(with_fp(kStack), "0x0 | the return address 0xdeadbeef at 0x40100008 is in no code");
}

TEST_F(BacktraceTest, Cycles) {
  record(kStack, kStack, kUpper + 0x110);
  EXPECT_EQ(trace({kUpper, 0, kStack, kStack}),
            "0x0 0x10c | the frame pointer 0x40100000 points down the stack, below 0x40100010");
  record(kStack, kStack + 0x40, kUpper + 0x110);
  record(kStack + 0x40, kStack, kUpper + 0x220);
  EXPECT_EQ(trace({kUpper, 0, kStack, kStack}),
            "0x0 0x10c 0x21c | the frame pointer 0x40100000 points down the stack, below 0x40100050");
}

TEST_F(BacktraceTest, EndsAtLast) {
  for (unsigned i = 0; i < 100; ++i) record(kStack + 16 * i, kStack + 16 * (i + 1), kUpper + 0x110);
  const auto read = [this](std::uint64_t address, std::span<std::uint8_t> out) { return memory_.read(address, out); };
  const Backtrace result = backtrace({kUpper, kUpper + 0x220, kStack, kStack}, read, function);
  EXPECT_EQ(result.frames.size(), kFramesMax);
  EXPECT_EQ(result.end, "more than 32 frames");
}

TEST_F(BacktraceTest, AuthenticationCodes) {
  record(kStack, 0, (kUpper + 0x110) ^ 0x7f5a000000000000);
  EXPECT_EQ(trace({kUpper, 0, kStack, kStack}), "0x0 0x10c | the frame pointer is 0");
  // The same code where addresses have 39 bits, and in x30.
  record(kStack, 0, (kUpper + 0x110) ^ 0x7f5a558000000000);
  EXPECT_EQ(trace({kUpper, (kUpper + 0x110) ^ 0x7f5a558000000000, kStack, kStack}, 39),
            "0x0 0x10c | the frame pointer is 0");
  EXPECT_TRUE(trace({kUpper, 0, kStack, kStack}).contains("is in no code"));
  // Of the lower half nothing becomes the upper half's.
  record(kStack, 0, 0x7f00000000000000 | (kUpper & 0x0000ffffffffffff));
  EXPECT_TRUE(trace({kUpper, 0, kStack, kStack}).contains("is in no code"));
}

TEST_F(BacktraceTest, AnyStack) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    for (unsigned i = 0; i < 64; ++i) {
      const std::uint64_t choices[] = {random(), kStack + random() % 512, kUpper + random() % 0x400, 0};
      memory_.write64(kStack + 8 * i, choices[random() % 4]);
    }
    const std::string text = trace({kUpper, kUpper + random() % 0x400, kStack + 8 * (random() % 64), kStack});
    EXPECT_LT(text.size(), 512u);
    EXPECT_FALSE(text.ends_with("| "));
  }
}

}  // namespace
}  // namespace bootrig
