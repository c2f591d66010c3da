#include "agent/guard_packet.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

const GuardRequest kRequest{{"asking for it", 1500, 1, {"farm", "", "take"}},
                            {"giving it back", 60000, 2, {"farm", "give back"}}};

TEST(GuardPacket, RequestComesAsItWent) {
  const auto came = guard_request(to_packet(kRequest));
  ASSERT_TRUE(came);
  EXPECT_EQ(came->run.doing, "asking for it");
  EXPECT_EQ(came->run.timeout_ms, 1500u);
  EXPECT_EQ(came->run.words, kRequest.run.words);
  EXPECT_EQ(came->undo.doing, "giving it back");
  EXPECT_EQ(came->undo.tries, 2u);
  EXPECT_EQ(came->undo.words, kRequest.undo.words);
  EXPECT_TRUE(guard_request(to_packet({kRequest.run, {}}))->undo.words.empty());
}

TEST(GuardPacket, AnswerComesAsItWent) {
  const std::string output("no\0such", 7);
  const auto came = guard_answer(to_packet(GuardAnswer{2, -1, 9, true, output}));
  ASSERT_TRUE(came);
  EXPECT_EQ(came->error, 2);
  EXPECT_EQ(came->code, -1);
  EXPECT_EQ(came->signal, 9);
  EXPECT_TRUE(came->timed_out);
  EXPECT_EQ(came->output, output);
}

TEST(GuardPacket, WhatMakesNoSenseIsRefused) {
  const std::string packet = to_packet(kRequest);
  for (std::size_t size = 0; size < packet.size(); ++size) EXPECT_FALSE(guard_request(packet.substr(0, size))) << size;
  EXPECT_FALSE(guard_request(packet + "x"));
  EXPECT_FALSE(guard_request(kGuardFarewell));
  EXPECT_FALSE(guard_request(to_packet({{}, kRequest.undo})));
  EXPECT_FALSE(guard_request(std::string("a\0b\0c\0d\0", 8)));
  EXPECT_FALSE(guard_request(std::string("a\0001\0001\00018446744073709551615\0", 27)));
  EXPECT_FALSE(guard_answer("short"));
}

}  // namespace
}  // namespace bootrig
