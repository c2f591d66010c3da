// What a program says of itself: a failed assertion, an overflowed stack; and a console that begins again and again.
#include <gmock/gmock.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

class ToldTest : public RestRuleTest {
 protected:
  std::string cause_of(const std::string& transcript, StoppedFor why = StoppedFor::kConsole) {
    text_ = transcript;
    evidence_.transcript = text_;
    evidence_.stopped_for = why;
    return cause();
  }
  std::string change() const { return last_ && last_->cause ? last_->cause->change : ""; }
  std::string text_;
};

const std::string kAssertion =
    "seL4 failed assertion 'isSchedulable(candidate)' at src/kernel/thread.c:371 in function schedule\nhalting...\n";

TEST_F(ToldTest, AnAssertionIsItsOwnCause) {
  EXPECT_EQ(cause_of(kAssertion), "assertion-failed");
  EXPECT_EQ(what(),
            "the program stopped itself, in the words of sel4-kernel: its assertion 'isSchedulable(candidate)' at "
            "src/kernel/thread.c:371 in "
            "schedule does not hold");
  EXPECT_THAT(change(), HasSubstr("read the code at src/kernel/thread.c:371"));
}

// The registers of the machine hold an exception, but an older one.
TEST_F(ToldTest, AnAssertionHasNoSyndrome) {
  put_exception(0x96000006, kTestCode, 0x10);
  EXPECT_EQ(cause_of(kAssertion), "assertion-failed");
  EXPECT_FALSE(last_->exception);
  EXPECT_EQ(last_->headline,
            "seL4 failed assertion 'isSchedulable(candidate)' at src/kernel/thread.c:371 in function "
            "schedule");
}

// Nor has an interrupt that nobody awaits: what the CPU holds is of before.
TEST_F(ToldTest, AnInterruptHasNoSyndrome) {
  put_exception(0x96000006, kTestCode, 0x10);
  EXPECT_EQ(cause_of("Vector: 5 (el1h_irq)\nESR_EL1:         96000006, ec=0x25 (DABT_EL1)\n"
                     "FAR_EL1: 0000000000000010 (valid)\nException frame registers:\n"),
            "");
  EXPECT_FALSE(last_->exception);
}

TEST_F(ToldTest, AnAssertionWithoutWords) {
  EXPECT_EQ(cause_of("ASSERT: plat/setup.c:88\n"), "assertion-failed");
  EXPECT_EQ(what(), "the program stopped itself, in the words of tf-a: its assertion at plat/setup.c:88 does not hold");
}

// The text of an assertion of seL4's is never blank: memory was written over.
TEST_F(ToldTest, AnAssertionWhoseTextIsLost) {
  EXPECT_EQ(cause_of("seL4 failed assertion '        ' at src/kernel/boot.c:258 in function create\nhalting...\n"), "");
  EXPECT_EQ(cause_of("seL4 failed assertion ' 0 ' at src/kernel/boot.c:258 in function create\nhalting...\n"),
            "assertion-failed");
}

// A panic says that it stopped, not why; an assertion behind another dump is a consequence.
TEST_F(ToldTest, NearMissesOfAnAssertion) {
  EXPECT_EQ(cause_of("PANIC at PC : 0x0000000004001234\n"), "");
  EXPECT_EQ(cause_of("assertions are on: a < b\n"), "");
  EXPECT_NE(cause_of("ELF-LOADER: Synchronous exception received:\nesr_el1: 96000044\nelr_el1: 40401234\n"
                     "spsr_el1: 600003c5\nfar_el1: 18\n" +
                     kAssertion),
            "assertion-failed");
}

// fail() has no condition; the reason is in the lines before it.
TEST_F(ToldTest, AFailureWithItsReasonBefore) {
  const std::string fail =
      "seL4 called fail at src/arch/arm/kernel/boot.c:662 in function init_kernel, saying \"ERROR: kernel init "
      "failed\"\n";
  EXPECT_EQ(cause_of("Bootstrapping kernel\nERROR: userland image virt [1..2)exceeds USER_TOP (3)\n" + fail),
            "assertion-failed");
  EXPECT_EQ(what(),
            "the program stopped itself, in the words of sel4-kernel: 'ERROR: kernel init failed' at "
            "src/arch/arm/kernel/boot.c:662 in init_kernel; before that it said 'ERROR: userland image virt "
            "[1..2)exceeds USER_TOP (3)'");
  EXPECT_EQ(change(), "link the root server below the address that the kernel names there");
  EXPECT_EQ(cause_of("Bootstrapping kernel\n" + fail), "assertion-failed");
  EXPECT_THAT(change(), HasSubstr("read the code at src/arch/arm/kernel/boot.c:662"));
}

const std::string kZephyr =
    "ELR_ELn: 0x0000000040400020\nESR_ELn: 0x0000000096000045\n  EC:  0x25 (Data Abort)\n  IL:  0x1\n  ISS: 0x45\n"
    "FAR_ELn: 0x0000000050000ff8\n>>> ZEPHYR FATAL ERROR 2: Stack overflow on CPU 0\nCurrent thread: 0x40 (main)\n";

TEST_F(ToldTest, AStackOverflowThatTheSystemFinds) {
  EXPECT_EQ(cause_of("STACK OVERFLOW FROM KERNEL, SP: 0x50001000 OR FAR: 0x50000ff8 INVALID, SP LIMIT: 0x50001000\n" +
                     kZephyr),
            "stack-overflow");
  EXPECT_EQ(what(),
            "the kernel stack of thread 'main' has grown over its limit at 0x40400020 <start+0x20>, as zephyr "
            "found itself");
  EXPECT_NE(cause_of(kZephyr), "stack-overflow");
}

std::string boots(int times, const std::string& last) {
  std::string text;
  for (int i = 0; i < times; ++i) text += "U-Boot 2023.01 (Jan 01)\r\n\r\nDRAM:  1 GiB\r\nhello\r\n" + last + "\r\n";
  return text;
}

TEST_F(ToldTest, AConsoleThatBeginsAnew) {
  EXPECT_EQ(cause_of(boots(3, "watchdog armed"), StoppedFor::kTime), "reset-loop");
  EXPECT_EQ(what(),
            "the console begins anew 2 times with its first line, 'U-Boot 2023.01 (Jan 01)'; each time the last "
            "line before is 'watchdog armed'");
  EXPECT_EQ(cause_of(boots(2, "one") + boots(2, "other"), StoppedFor::kTime), "reset-loop");
  EXPECT_THAT(what(), HasSubstr("the first time the last line before is 'one'"));
}

TEST_F(ToldTest, NearMissesOfAResetLoop) {
  EXPECT_EQ(cause_of(boots(2, "watchdog armed"), StoppedFor::kTime), "");
  EXPECT_EQ(cause_of(boots(3, "watchdog armed"), StoppedFor::kConsole), "");
  EXPECT_EQ(cause_of("loader\n" + boots(3, "watchdog armed"), StoppedFor::kTime), "");  // a loop behind the begin
  EXPECT_EQ(cause_of("a\nb\na\nb\na\nb\na\nb\n", StoppedFor::kTime), "");
  std::string same;
  for (int i = 0; i < 9; ++i) same += "waiting for the network ...\n";
  EXPECT_EQ(cause_of(same, StoppedFor::kTime), "");
}

TEST_F(ToldTest, WhereTheSilenceBegins) {
  cause_of("", StoppedFor::kTime);
  EXPECT_THAT(last_->findings, ::testing::Contains("silence: no output at all"));
  cause_of("loader starts\njumping to kernel\r\n\r\n", StoppedFor::kTime);
  EXPECT_THAT(last_->findings, ::testing::Contains("silence: nothing since 'jumping to kernel'"));
}

}  // namespace
}  // namespace bootrig
