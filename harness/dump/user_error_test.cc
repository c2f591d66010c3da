#include "dump/user_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::last_user_error;
using dump::only_dump;

// With the colours that the kernel prints.
const std::string kError =
    "\x1b[0m\x1b[1m<<\x1b[0m\x1b[32mseL4(CPU 0)\x1b[0m\x1b[1m [decodeInvocation/646 T0xffffff807fb2e400 \"client\" "
    "@401234]: Attempted to invoke a null cap #7.>>\x1b[0m\r\n";

TEST(UserError, IsFoundByTheThreadsName) {
  EXPECT_EQ(last_user_error(kError + "hello\n", "client"),
            "seL4(CPU 0) [decodeInvocation/646 T0xffffff807fb2e400 \"client\" @401234]: Attempted to invoke a null cap "
            "#7.");
  EXPECT_EQ(last_user_error(kError, "clien"), std::nullopt);
  EXPECT_EQ(last_user_error("", "client"), std::nullopt);
  EXPECT_EQ(last_user_error("<<seL4(CPU 0) [cut off", "client"), std::nullopt);
}

TEST(UserError, TheLastOneCounts) {
  std::string other = kError;
  other.replace(other.find("#7"), 2, "#8");
  EXPECT_THAT(last_user_error(kError + other, "client").value_or(""), testing::EndsWith("null cap #8."));
}

TEST(UserError, OneFarBeforeDoesNotCount) {
  EXPECT_EQ(last_user_error(kError + std::string(20000, '.'), "client"), std::nullopt);
}

TEST(UserError, IsNoDump) {
  EXPECT_THAT(find_dumps(kError + kError), testing::IsEmpty());
}

TEST(UserError, StandsInTheDumpOfTheThreadThatMadeIt) {
  const std::string fault =
      "Caught cap fault in send phase at address 0x7\nwhile trying to handle:\nvm fault on data at address 0x4 with "
      "status 0x92000006\n";
  const ExceptionRecord record = only_dump(kError + fault + "in thread 0x80 \"client\" at address 0x401234\n");
  EXPECT_THAT(record.extra.at("user-error"), testing::EndsWith("null cap #7."));
  const ExceptionRecord other = only_dump(kError + fault + "in thread 0x80 \"server\" at address 0x401234\n");
  EXPECT_FALSE(other.extra.contains("user-error"));
  const ExceptionRecord domain = only_dump(
      kError + "MON|ERROR: received message 0x00000006  badge: 0x2  tcb cap: 0xb\nMON|ERROR: faulting PD: client\n");
  EXPECT_THAT(domain.extra.at("user-error"), testing::EndsWith("null cap #7."));
}

}  // namespace
}  // namespace bootrig
