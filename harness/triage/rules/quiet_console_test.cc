// Programs that cannot say their first word, or wait behind their last.
#include <gmock/gmock.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kLoadX1 = 0xb9400020, kWhileBit4 = 0x3727ffe0;  // ldr w0, [x1]; tbnz w0, #4, .-4
constexpr std::uint32_t kHvc = 0xd4000002;
constexpr std::uint64_t kUart = 0x09000000;

class QuietConsoleTest : public RestRuleTest {
 protected:
  QuietConsoleTest() { evidence_.stopped_for = StoppedFor::kTime; }

  void poll(std::uint64_t address) {
    put_code(kTestCode, {kLoadX1, kWhileBit4});
    cpu().x[1] = address;
  }
  // In a loop that takes interrupts.
  void idle() {
    put_code(kTestCode, {kWfi, kBackToWfi});
    cpu().pstate = 0x345;
  }
  std::string change() const { return last_ && last_->cause ? last_->cause->change : ""; }
};

TEST_F(QuietConsoleTest, AFlagOfAnotherKindOfUart) {
  poll(kUart + 0x14);
  EXPECT_EQ(cause(), "console-not-ready");
  EXPECT_THAT(what(), HasSubstr("it reads pl011 at 0x9000014 (offset 0x14)"));
  EXPECT_THAT(change(), HasSubstr("a PL011 has its flags at offset 0x18"));
}

TEST_F(QuietConsoleTest, TheReceiversFlag) {
  poll(kUart + 0x18);
  EXPECT_EQ(cause(), "waits-for-input");
  EXPECT_THAT(what(), HasSubstr("waits at 0x40400000 <start> for a byte from pl011, and has not said a word before"));
}

TEST_F(QuietConsoleTest, AFlagThatDoesNotCome) {
  poll(kUart + 0x18);
  put_code(kTestCode, {kLoadX1, 0x3747ffe0});  // tbnz w0, #8, .-4
  EXPECT_EQ(cause(), "console-not-ready");
  EXPECT_THAT(change(), HasSubstr("find which flag the loop awaits"));
}

TEST_F(QuietConsoleTest, AnotherDeviceIsNoConsole) {
  poll(0x08000000);
  EXPECT_EQ(cause(), "hang");
}

TEST_F(QuietConsoleTest, BehindAWordItIsNotTheConsole) {
  poll(kUart + 0x18);
  evidence_.transcript = "here\n";
  EXPECT_EQ(cause(), "hang");
}

TEST_F(QuietConsoleTest, APromptWhoseProgramReadsTheUart) {
  poll(kUart + 0x18);
  evidence_.transcript = "monitor 1.0\r\ncommand? ";
  EXPECT_EQ(cause(), "waits-for-input");
  EXPECT_THAT(what(), HasSubstr("ends with 'command?', a line without an end, and CPU 0 reads pl011 at 0x9000018"));
}

TEST_F(QuietConsoleTest, APromptWhoseProgramIsIdle) {
  idle();
  for (const char* text : {"boots\nboard login: ", "=> ", "/ # ", "user@board:~$ ", "\r\nShell> "}) {
    evidence_.transcript = text;
    EXPECT_EQ(cause(), "waits-for-input") << text;
  }
}

TEST_F(QuietConsoleTest, APromptThatHasAnswered) {
  idle();
  evidence_.transcript =
      "=> printenv a\r\na=1\r\n=> bootm 0x50000000\r\n## Loading kernel\r\nBad FIT kernel image format!\r\n"
      "ERROR: can't get kernel image!\r\n=> ";
  EXPECT_EQ(cause(), "waits-for-input");
  EXPECT_THAT(what(), HasSubstr("; to 'bootm 0x50000000' it said 'Bad FIT kernel image format!', 'ERROR: can't get "
                                "kernel image!'"));
  evidence_.transcript = "board login: root\n\nboard login: ";
  EXPECT_EQ(cause(), "waits-for-input");
  EXPECT_THAT(what(), ::testing::EndsWith("it waits for input that does not come"));
}

TEST_F(QuietConsoleTest, NoPrompt) {
  idle();
  for (const char* text : {"loading: ####", "loading #### ", "login: \n", "half a li", "a -> b"}) {
    evidence_.transcript = text;
    EXPECT_EQ(cause(), "") << text;
  }
}

// Nobody is there to read an answer.
TEST_F(QuietConsoleTest, APromptWhoseProgramHasHalted) {
  idle();
  cpu().pstate = 0x3c5;
  evidence_.transcript = "board login: ";
  EXPECT_EQ(cause(), "");
}

class WrongUartTest : public QuietConsoleTest {
 protected:
  // The abort went to vectors that nobody has set, and what follows are undefined instructions.
  WrongUartTest() {
    cpu().pc = 0x200;
    cpu().system["VBAR_EL1"] = 0;
    put_exception(0x02000000, 0x200, 0x3f201000);
  }
};

TEST_F(WrongUartTest, ThatOfAnotherBoard) {
  EXPECT_EQ(cause(), "wrong-uart");
  EXPECT_THAT(what(),
              HasSubstr("accesses 0x3f201000, where this machine has nothing: there is the PL011 of a Raspberry"));
  EXPECT_THAT(change(), HasSubstr("whose UART is pl011 at 0x9000000"));
}

TEST_F(WrongUartTest, AnAddressThatIsNoBoardsUart) {
  cpu().system["FAR_EL1"] = 0x3f400000;
  EXPECT_EQ(cause(), "vectors-not-set");
  EXPECT_THAT(what(), HasSubstr("FAR_EL1 is still that of an abort before, at 0x3f400000"));
}

TEST_F(WrongUartTest, SomethingWasSaid) {
  evidence_.transcript = "here\n";
  EXPECT_EQ(cause(), "vectors-not-set");
}

TEST_F(WrongUartTest, ThisMachineHasADeviceThere) {
  cpu().system["FAR_EL1"] = kUart;
  EXPECT_EQ(cause(), "vectors-not-set");
}

class SilentEndTest : public QuietConsoleTest {
 protected:
  SilentEndTest() {
    evidence_.stopped_for = StoppedFor::kGuest;
    put_code(kTestCode, {kHvc, kNop});
    cpu().pc = kTestCode + 4;
    cpu().x[0] = 0x84000008;
  }
};

TEST_F(SilentEndTest, PoweredOff) {
  EXPECT_EQ(cause(), "silent-end");
  EXPECT_EQ(what(), "CPU 0 asked for SYSTEM_OFF by PSCI at 0x40400000 <start> (EL1), and nothing was said before");
}

TEST_F(SilentEndTest, Reset) {
  cpu().x[0] = 0x84000009;
  EXPECT_EQ(cause(), "silent-end");
  EXPECT_THAT(what(), HasSubstr("SYSTEM_RESET"));
}

TEST_F(SilentEndTest, BehindAWordItNeedsNoExplanation) {
  evidence_.transcript = "bye\n";
  EXPECT_EQ(cause(), "");
  EXPECT_FALSE(last_);
}

TEST_F(SilentEndTest, AnotherCallIsNoEnd) {
  cpu().x[0] = 0x84000000;
  EXPECT_EQ(cause(), "");
  ASSERT_TRUE(last_);  // but its silence is told
  EXPECT_THAT(last_->findings, ::testing::Contains("silence: no output at all before the guest ended by itself"));
}

}  // namespace
}  // namespace bootrig
