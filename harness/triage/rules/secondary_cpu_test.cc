// A second CPU that is waited for: off, lost, parked, none, or there.
#include <gmock/gmock.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kLoadFlag = 0xb9400020, kUntilSet = 0x34ffffe0;  // ldr w0, [x1]; cbz w0, .-4
constexpr std::uint32_t kUntilSetBehindWfe = 0x34ffffc0;                 // cbz w0, .-8
constexpr std::uint64_t kFlag = kTestCode + 0x1000, kRelease = kTestCode + 0x1008;

class SecondaryCpuTest : public RestRuleTest {
 protected:
  SecondaryCpuTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    evidence_.transcript = "kernel: waits for CPU 1\n";
    symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"flag", kFlag, 4, false}});
    put_code(kTestCode, {kLoadFlag, kUntilSet});
    put_code(kTestCode + 0x40, {kWfe, kLoadFlag, kUntilSetBehindWfe});
    cpu().x[1] = kFlag;
    CpuState off{.index = 1, .pstate = 0x3c5, .system = cpu().system};
    off.system["VBAR_EL1"] = 0;
    data_.states.push_back(off);
  }
  CpuState& second() { return data_.states[1]; }
  std::string change() const { return last_ && last_->cause ? last_->cause->change : ""; }
};

TEST_F(SecondaryCpuTest, IsOff) {
  EXPECT_EQ(cause(), "secondary-cpu-missing");
  EXPECT_EQ(
      what(),
      "CPU 1 is waited for and does not come: it is off, at 0x0, and has never run; the console says 'kernel: waits "
      "for CPU 1'");
  EXPECT_THAT(change(), HasSubstr("CPU_ON"));
}

TEST_F(SecondaryCpuTest, IsNoneOfThisMachines) {
  data_.states.pop_back();
  EXPECT_EQ(cause(), "cpu-not-there");
  EXPECT_THAT(what(), HasSubstr("this machine has 1 CPU;"));
  EXPECT_THAT(change(), HasSubstr("\"cpus\": 2 or more"));
}

TEST_F(SecondaryCpuTest, WasStartedWhereNoCodeIs) {
  second().pc = 0x200;
  second().system["ESR_EL1"] = 0x02000000;
  second().system["ELR_EL1"] = 0x200;
  second().system["FAR_EL1"] = 0x80000000;
  EXPECT_EQ(cause(), "secondary-cpu-missing");
  EXPECT_THAT(what(), HasSubstr("it was started and is lost in exceptions at 0x200 (EL1, VBAR 0x0)"));
  EXPECT_THAT(what(), HasSubstr("FAR 0x80000000"));
}

TEST_F(SecondaryCpuTest, IsParked) {
  second().pc = kTestCode + 0x44;
  second().x[1] = kRelease;
  EXPECT_EQ(cause(), "secondary-cpu-missing");
  EXPECT_THAT(what(), HasSubstr("it is parked in a loop at 0x40400040 <start+0x40> that reads memory at 0x40401008"));
}

TEST_F(SecondaryCpuTest, IsThereAndIdle) {
  put_code(kTestCode + 0x40, {kWfi, kBackToWfi});
  second().pc = kTestCode + 0x40;
  second().x[1] = 1;
  EXPECT_EQ(cause(), "hang");
}

TEST_F(SecondaryCpuTest, NobodySpeaksOfIt) {
  evidence_.transcript = "kernel: waits for the disk\n";
  EXPECT_EQ(cause(), "hang");
}

TEST_F(SecondaryCpuTest, TheWordThatIsReadSpeaksOfIt) {
  evidence_.transcript = "kernel: starts\n";
  symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"cpus_online", kFlag, 4, false}});
  EXPECT_EQ(cause(), "secondary-cpu-missing");
  EXPECT_THAT(what(), HasSubstr("CPU 0 at 0x40400000 <start> waits for memory at 0x40401000 <cpus_online>"));
}

// By its name alone the word may as well be the first CPU's own.
TEST_F(SecondaryCpuTest, TheWordIsAnInterruptsOrTheOnlyCpus) {
  evidence_.transcript = "kernel: starts\n";
  symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"cpu_ticks", kFlag, 4, false}});
  cpu().system["CNTV_CTL_EL0"] = 5;
  EXPECT_EQ(cause(), "hang");
  cpu().system["CNTV_CTL_EL0"] = 0;
  EXPECT_EQ(cause(), "secondary-cpu-missing");
  data_.states.pop_back();
  EXPECT_EQ(cause(), "hang");
}

TEST_F(SecondaryCpuTest, WhatKernelsSayOfIt) {
  for (const char* line :
       {"[    0.1] CPU1: failed to come online", "psci: failed to boot CPU1 (-22)",
        "(XEN) Failed to bring up CPU 1 (error -5)", "CPU1 never came online",
        "LDR|ERROR: Failed to start CPU 00000001", "smp: waiting for secondary cpus ...", "CPU1: is stuck in kernel"}) {
    const std::string text = std::string(line) + "\n";
    evidence_.transcript = text;
    EXPECT_EQ(cause(), "secondary-cpu-missing") << line;
  }
}

// What came behind it may be about anything: then it is told, and is no root cause.
TEST_F(SecondaryCpuTest, ABootThatWentOnWithoutIt) {
  put_code(kTestCode, {kWfi, kBackToWfi});
  evidence_.transcript = "psci: failed to boot CPU1 (-22)\nsmp: Brought up 1 node, 1 CPU\nno root file system\n";
  EXPECT_EQ(cause(), "");
  ASSERT_TRUE(last_);
  EXPECT_THAT(last_->findings,
              ::testing::Contains("CPU 1 did not come: it is off, at 0x0, and has never run; the console says 'psci: "
                                  "failed to boot CPU1 (-22)'"));
  evidence_.stopped_for = StoppedFor::kConsole;  // as of a panic
  EXPECT_EQ(cause(), "");
  ASSERT_TRUE(last_);
  EXPECT_THAT(last_->findings, ::testing::Contains(HasSubstr("CPU 1 did not come: ")));
}

TEST_F(SecondaryCpuTest, WhatIsNoComplaint) {
  for (const char* line : {"CPU1: Booted secondary processor 0x0000000001", "failed to start the network",
                           "waits for CPU 1\nCPU 1 is there", "CPU0: failed to boot", "waits for the score"}) {
    const std::string text = std::string(line) + "\n";
    evidence_.transcript = text;
    EXPECT_EQ(cause(), "hang") << line;
  }
}

}  // namespace
}  // namespace bootrig
