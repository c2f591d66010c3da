// CPUs that wait for each other.
#include <gmock/gmock.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kLoad = 0xb9400020, kBackWhileSet = 0x35ffffe0;  // ldr w0, [x1]; cbnz w0, .-4
constexpr std::uint32_t kLoadAcquire = 0x885ffc20;                       // ldaxr w0, [x1]

// CPU 0 goes round a loop at kTestCode, CPU 1 round one behind it; each reads a word of its own.
class DeadlockTest : public RestRuleTest {
 protected:
  DeadlockTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    put_code(kTestCode, {kLoad, kBackWhileSet});
    put_code(kTestCode + 0x40, {kLoadAcquire, kBackWhileSet});
    cpu().x[1] = kTestCode + 0x1000;
    CpuState other = cpu();
    other.index = 1;
    other.pc = kTestCode + 0x40;
    other.x[1] = kTestCode + 0x1004;
    data_.states.push_back(other);
  }
};

TEST_F(DeadlockTest, EachReadsWhatTheOtherWouldWrite) {
  EXPECT_EQ(cause(), "cpu-deadlock");
  EXPECT_EQ(what(),
            "CPUs wait for each other: CPU 0 at 0x40400000 <start> for memory at 0x40401000, CPU 1 at 0x40400040 "
            "<start+0x40> for memory at 0x40401004; no CPU is left to change it");
}

// One lock that was taken and never given back is no matter of order.
TEST_F(DeadlockTest, AllWaitForOneLock) {
  const std::uint64_t at = kTestCode + 0x1000;
  symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"lock", at, 8, false}});
  EXPECT_EQ(cause(), "cpu-deadlock");
  EXPECT_EQ(last_->cause->change, "all of them wait for lock: find who took it last and never gave it back");
  symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"lock", at, 4, false}, {"other", at + 4, 4, false}});
  EXPECT_EQ(cause(), "cpu-deadlock");
  EXPECT_THAT(last_->cause->change, HasSubstr("in one order"));
}

TEST_F(DeadlockTest, OneThatIsInterruptedMayGoOn) {
  data_.states[1].pstate = 0x345;  // IRQs not masked
  EXPECT_EQ(cause(), "hang");
}

TEST_F(DeadlockTest, OneThatRunsMayYetWrite) {
  for (const std::uint64_t pc : {0x100, 0x200, 0x300}) {
    data_.later.push_back(data_.states);
    data_.later.back()[1].pc = kTestCode + pc;
  }
  EXPECT_EQ(cause(), "");
}

TEST_F(DeadlockTest, OneAloneWaitsForNobody) {
  put_code(kTestCode + 0x40, {kWfi, kBackToWfi});
  EXPECT_EQ(cause(), "hang");
  EXPECT_THAT(what(), HasSubstr("it reads memory at 0x40401000, which does not change"));
}

TEST_F(DeadlockTest, ADeviceIsNoLock) {
  data_.states[1].x[1] = 0x09000000;
  EXPECT_EQ(cause(), "hang");
}

// Who never was turned on cannot write: said, but no cause of its own.
TEST_F(DeadlockTest, ACpuThatIsOffIsSaid) {
  data_.states[1] = CpuState{.index = 1, .pstate = 0x3c5, .system = cpu().system};
  EXPECT_EQ(cause(), "hang");
  EXPECT_THAT(what(), HasSubstr("; CPU 1 has never been turned on"));
  EXPECT_EQ(last_->cause->change,
            "find who was to write memory at 0x40401000: if it is a CPU that is off, turn it on before (PSCI CPU_ON)");
}

// The timer that is due may well not be what is awaited.
TEST_F(DeadlockTest, ACpuThatIsOffComesBeforeATimer) {
  data_.states[1] = CpuState{.index = 1, .pstate = 0x3c5, .system = cpu().system};
  cpu().system["CNTV_CTL_EL0"] = 5;  // enabled, its condition met
  EXPECT_EQ(cause(), "hang");
  EXPECT_THAT(last_->cause->change,
              HasSubstr("turn it on before (PSCI CPU_ON); if it is an interrupt's handler, unmask"));
  data_.states.pop_back();
  EXPECT_EQ(cause(), "hang");
  EXPECT_EQ(last_->cause->change, "unmask IRQs before the loop (msr daifclr, #2), so that the interrupt can be taken");
}

}  // namespace
}  // namespace bootrig
