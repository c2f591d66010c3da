// Programs that say why they end themselves.
#include <gmock/gmock.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

class GaveUpTest : public RestRuleTest {
 protected:
  std::string cause_of(const std::string& transcript) {
    text_ = transcript;
    evidence_.transcript = text_;
    evidence_.stopped_for = StoppedFor::kConsole;
    return cause();
  }
  std::string change() const { return last_ && last_->cause ? last_->cause->change : ""; }
  std::string text_;
};

TEST_F(GaveUpTest, ElfloaderAndTheLinesBeforeItsLast) {
  EXPECT_EQ(cause_of("ELF-loader started\nERROR: Kernel image not first image in archive\n"
                     "ERROR: image loading failed\nabort() called.\n"),
            "gave-up");
  EXPECT_EQ(what(),
            "elfloader gave up, in its own words: 'ERROR: image loading failed'; before that it said 'ERROR: Kernel "
            "image not first image in archive'");
  EXPECT_THAT(change(), HasSubstr("kernel.elf, kernel.dtb if there is one"));
}

TEST_F(GaveUpTest, ElfloaderWithoutTheCpu) {
  machine_.cpus = 1;
  EXPECT_EQ(cause_of("Boot cpu id = 0x0, index=0\nFailed to boot cpu 0x1: 18446744073709551614\nabort() called.\n"),
            "gave-up");
  EXPECT_EQ(what(), "elfloader gave up, in its own words: 'Failed to boot cpu 0x1: 18446744073709551614'");
  EXPECT_THAT(change(), HasSubstr("this machine has 1"));
}

TEST_F(GaveUpTest, WordsThatAreNotKnownAreRepeated) {
  EXPECT_EQ(cause_of("LDR|ERROR: the moon is full\n"), "gave-up");
  EXPECT_EQ(what(), "Microkit's loader gave up, in its own words: 'LDR|ERROR: the moon is full'");
  EXPECT_EQ(change(), "find in its source what it demands where it prints that");
  EXPECT_EQ(cause_of("a\nb\nabort() called.\n"), "gave-up");
  EXPECT_EQ(what(), "elfloader gave up, in its own words: 'b'");
}

TEST_F(GaveUpTest, LinuxWithoutItsFirstProcess) {
  EXPECT_EQ(cause_of("[    1.0] Run /init as init process\n[    1.1] Failed to execute /init (error -2)\n"
                     "[    1.2] Kernel panic - not syncing: No working init found.  Try passing init= option\n"),
            "gave-up");
  EXPECT_THAT(what(), HasSubstr("before that it said 'Failed to execute /init (error -2)'"));
  EXPECT_EQ(cause_of("[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\n"), "gave-up");
  EXPECT_THAT(change(), HasSubstr("ended by itself with status 3"));
}

// What came first is the reason of what came last, however much stands between.
TEST_F(GaveUpTest, LinuxWithADamagedInitramfs) {
  const std::string panic =
      "[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n";
  std::string between;
  for (int i = 0; i < 100; ++i) between += "[    1.0] more of the boot\n";
  EXPECT_EQ(cause_of("[    0.7] Initramfs unpacking failed: read error\n" + between + panic), "gave-up");
  EXPECT_THAT(what(), HasSubstr("before that it said 'Initramfs unpacking failed: read error'"));
  EXPECT_THAT(change(), HasSubstr("the initramfs is damaged"));
  EXPECT_EQ(cause_of(between + panic), "gave-up");
  EXPECT_THAT(change(), HasSubstr("or the disk that root= names"));
}

// A signal, a panic of other words, a word in another place: what is behind them is not said there.
TEST_F(GaveUpTest, NearMisses) {
  EXPECT_EQ(cause_of("[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n"), "");
  EXPECT_EQ(cause_of("[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x\n"), "");
  EXPECT_EQ(cause_of("[    1.2] Kernel panic - not syncing: Fatal exception in interrupt\n"), "");
  EXPECT_EQ(cause_of("abort() called. That is what it would say.\n"), "");
  EXPECT_EQ(cause_of("abort() called.\n"), "");
  EXPECT_EQ(cause_of("No working init found\n"), "");
}

// An exception was first.
TEST_F(GaveUpTest, NotBehindADump) {
  EXPECT_NE(cause_of("ELF-LOADER: Synchronous exception received:\nesr_el1: 96000044\nelr_el1: 40401234\n"
                     "spsr_el1: 600003c5\nfar_el1: 18\nabort() called.\n"),
            "gave-up");
}

}  // namespace
}  // namespace bootrig
