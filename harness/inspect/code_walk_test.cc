#include "inspect/code_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "inspect/code_writer_test.h"

namespace bootrig {
namespace {

using namespace code;
using Kind = CodeEvent::Kind;

struct Walked {
  std::string bytes;
  CodeWalk walk;

  const CodeEvent* at(std::size_t word) const {
    const auto found = std::ranges::find(walk.events, kCodeBase + 4 * word, &CodeEvent::address);
    return found == walk.events.end() ? nullptr : &*found;
  }
};

Walked walk(const std::vector<std::uint32_t>& words, std::optional<unsigned> level = 1) {
  Walked walked{code_bytes(words), {}};
  walked.walk = walk_code(CodeSpace({{kCodeBase, walked.bytes, walked.bytes.size(), true, true}}), kCodeBase, level);
  return walked;
}

TEST(CodeWalk, KnowsWhatIsInX0OfACall) {
  const Walked walked = walk({high(0, 0x8400), low(0, 8), kSmc, kHalt});
  ASSERT_NE(walked.at(2), nullptr);
  EXPECT_EQ(walked.at(2)->kind, Kind::kCall);
  EXPECT_EQ(walked.at(2)->value, CodeValue::known(0x84000008));
  EXPECT_TRUE(walked.at(2)->inevitable);
}

TEST(CodeWalk, ArgumentsReachAFunction) {
  // bl helper; b .; helper: smc #0; ret
  const Walked walked = walk({high(0, 0x8400), call(2), kHalt, kSmc, kRet});
  ASSERT_NE(walked.at(3), nullptr);
  EXPECT_EQ(walked.at(3)->value, CodeValue::known(0x84000000));
  EXPECT_TRUE(walked.at(3)->inevitable);
}

TEST(CodeWalk, LevelDecidesABranch) {
  const std::vector<std::uint32_t> words = {kReadLevel, kLevelIs2, unless_equal(2), kWriteHcr, kHalt};
  EXPECT_EQ(walk(words, 1).at(3), nullptr);
  ASSERT_NE(walk(words, 2).at(3), nullptr);
  EXPECT_TRUE(walk(words, 2).at(3)->inevitable);
  ASSERT_NE(walk(words, std::nullopt).at(3), nullptr);
  EXPECT_FALSE(walk(std::vector<std::uint32_t>{kReadLevel, kLevelIs2, unless_equal(2), kWriteHcr, kRet}, std::nullopt)
                   .at(3)
                   ->inevitable);
}

TEST(CodeWalk, WhatTheMachineDecidesIsNotInevitable) {
  // cbz x3 over it, and on.
  EXPECT_FALSE(walk({if_x3_zero(2), kWriteHcr, kRet}).at(1)->inevitable);
  // On both ways.
  const Walked both = walk({if_x3_zero(3), kWriteHcr, branch(2), kWriteHcr, kRet});
  EXPECT_TRUE(both.at(1)->inevitable);
  EXPECT_TRUE(both.at(3)->inevitable);
}

TEST(CodeWalk, GivingUpIsNoWayAround) {
  // cbz x3, go on; else halt for ever.
  EXPECT_TRUE(walk({if_x3_zero(3), kWfi, branch(-1), kWriteHcr, kRet}).at(3)->inevitable);
  // The same by a function that does not come back.
  EXPECT_TRUE(walk({if_x3_zero(2), call(3), kWriteHcr, kRet, kWfi, branch(-1)}).at(2)->inevitable);
  // Who sets up something else first does not give up.
  EXPECT_FALSE(walk({if_x3_zero(4), kWriteVbarEl1, kWfi, branch(-1), kWriteHcr, kRet}).at(4)->inevitable);
}

TEST(CodeWalk, LoopsComeToTheirEnd) {
  // str w2, [x1], #4; cbz x3, back
  const Walked walked = walk({high(1, 0x800), kStoreAndMove, if_x3_zero(-1), kWriteHcr, kRet});
  EXPECT_TRUE(walked.at(3)->inevitable);
  const CodeEvent* store = walked.at(1);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->value, (CodeValue{CodeValue::Kind::kNear, 0x08000000}));
  EXPECT_TRUE(store->undescribed);
  EXPECT_TRUE(store->store);
}

TEST(CodeWalk, DeviceAboveAnUnknownBase) {
  // ldr x4, [x2]; add x1, x1, x4; str w2, [x1]
  const Walked walked = walk({0xf9400044, high(1, 0x801), 0x8b040021, kStoreW2AtX1, kRet});
  ASSERT_NE(walked.at(3), nullptr);
  EXPECT_EQ(walked.at(3)->value, (CodeValue{CodeValue::Kind::kOffset, 0x08010000}));
  EXPECT_FALSE(walked.at(3)->undescribed);
}

TEST(CodeWalk, NothingIsKnownOfWhatIsLoadedOrOfAnotherEntry) {
  const Walked walked = walk({high(1, 0x801), kLoadX1, kStoreW2AtX1, kRet});
  EXPECT_EQ(walked.at(2), nullptr);
  EXPECT_TRUE(walk_code(CodeSpace({}), 0x1000, 1).events.empty());
}

TEST(CodeWalk, EndsForCallsWithoutEnd) {
  EXPECT_TRUE(walk({call(0), kWriteHcr}).walk.complete);  // it calls itself
  std::vector<std::uint32_t> chain(400, call(1));
  chain.push_back(kRet);
  EXPECT_FALSE(walk(chain).walk.complete);
}

TEST(CodeWalk, TakesAnyBytes) {
  std::mt19937 random(7);
  for (unsigned round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> words(500);
    for (auto& word : words) word = static_cast<std::uint32_t>(random());
    for (unsigned i = 0; i < words.size(); i += 3) {  // and something to follow
      const int to = static_cast<int>(random() % words.size()) - static_cast<int>(i);
      words[i] = i % 2 == 0 ? if_x3_zero(to) : call(to);
    }
    for (const CodeEvent& event : walk(words, round % 4).walk.events) {
      ASSERT_GE(event.address, kCodeBase);
      ASSERT_LT(event.address, kCodeBase + 4 * words.size());
    }
  }
}

}  // namespace
}  // namespace bootrig
