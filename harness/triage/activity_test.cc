// Guests without an exception: what the looks at them tell, and what is named.
#include "triage/activity.h"

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kUnmask = 0xd50342ff, kMask = 0xd50342df;  // msr daifclr, #2; msr daifset, #2
constexpr std::uint32_t kLoadX1 = 0xb9401861;                      // ldr w1, [x3, #0x18]
constexpr std::uint32_t kLoop = 0x3727ffe1;                        // tbnz w1, #4, .-4
constexpr std::uint64_t kTimerDue = 5;                             // CNTV_CTL_EL0: ENABLE, ISTATUS

class ActivityTest : public RestRuleTest {
 protected:
  ActivityTest() { evidence_.stopped_for = StoppedFor::kTime; }
  // The CPU as it is at each of the later looks.
  void look_at(std::initializer_list<std::uint64_t> pcs) {
    for (const std::uint64_t pc : pcs) {
      CpuState state = cpu();
      state.pc = pc;
      data_.later.push_back({state});
    }
  }
  bool finds(std::string_view text) {
    last_ = diagnose_it();
    return last_ && std::ranges::any_of(last_->findings, [&](const auto& line) { return line.contains(text); });
  }
};

TEST_F(ActivityTest, LoopThatPollsADevice) {
  evidence_.transcript = "one line\n";  // without a word it would be the console's own cause
  put_code(kTestCode, {kLoadX1, kLoop});
  cpu().x[3] = 0x09000000;
  look_at({kTestCode, kTestCode + 4, kTestCode});
  EXPECT_EQ(cause(), "hang");
  EXPECT_NE(what().find("it reads pl011 at 0x9000018"), std::string::npos) << what();
}

TEST_F(ActivityTest, LoopUnderMaskedInterruptsWhileATimerIsDue) {
  put_code(kTestCode, {0x14000000});  // b .
  cpu().system["CNTV_CTL_EL0"] = kTimerDue;
  EXPECT_EQ(cause(), "hang");
  EXPECT_NE(what().find("the virtual timer (CNTV_CTL_EL0 0x5) is due"), std::string::npos) << what();
}

// A register counts: the loop may end.
TEST_F(ActivityTest, LoopThatCounts) {
  put_code(kTestCode, {0xf1000400, 0x54ffffe1});  // subs x0, x0, #1; b.ne .-4
  cpu().x[0] = 1000;
  look_at({kTestCode, kTestCode});
  data_.later[0][0].x[0] = 900;
  data_.later[1][0].x[0] = 800;
  EXPECT_EQ(cause(), "");
  EXPECT_TRUE(finds("CPU 0 runs on"));
}

TEST_F(ActivityTest, GuestThatRunsOn) {
  put_code(kTestCode, {kNop, kNop, kNop});
  look_at({kTestCode + 0x100, kTestCode + 0x400, kTestCode});
  EXPECT_EQ(cause(), "");
}

TEST_F(ActivityTest, WaitsForAMaskedInterruptThatIsDue) {
  put_code(kTestCode, {kWfi, kBackToWfi});
  cpu().system["CNTV_CTL_EL0"] = kTimerDue;
  EXPECT_EQ(cause(), "deadlock-in-wfi");
  EXPECT_NE(what().find("IRQs are masked"), std::string::npos) << what();
}

// A halt is meant: nothing was to wake it. A timer that is off, masked or not due is none.
TEST_F(ActivityTest, HaltIsNoDeadlock) {
  put_code(kTestCode, {kWfi, kBackToWfi});
  for (const std::uint64_t control : {0u, 1u, 4u, 7u}) {
    cpu().system["CNTV_CTL_EL0"] = control;
    EXPECT_EQ(cause(), "") << control;
  }
  EXPECT_TRUE(finds("waits with IRQs masked"));
}

// The interrupt is taken between two looks, so that at the last one the timer is no longer due.
TEST_F(ActivityTest, IdleLoopThatUnmasks) {
  put_code(kTestCode, {kWfi, kUnmask, kMask, 0x17fffffd});
  cpu().system["CNTV_CTL_EL0"] = kTimerDue;
  look_at({kTestCode, kTestCode});
  for (auto& look : data_.later) look[0].system["CNTV_CTL_EL0"] = 1;
  EXPECT_EQ(cause(), "");
  EXPECT_TRUE(finds("CPU 0 is idle"));
}

TEST_F(ActivityTest, InterruptThatIsNeverDelivered) {
  put_code(kTestCode, {kWfi, kBackToWfi});
  cpu().pstate = 0x345;  // I clear
  cpu().system["CNTV_CTL_EL0"] = kTimerDue;
  EXPECT_EQ(cause(), "deadlock-in-wfi");
  EXPECT_NE(what().find("although IRQs are not masked"), std::string::npos) << what();
}

// While another CPU works, nothing is stuck.
TEST_F(ActivityTest, AnotherCpuStillWorks) {
  put_code(kTestCode, {kWfi, kBackToWfi});
  cpu().system["CNTV_CTL_EL0"] = kTimerDue;
  CpuState other = cpu();
  other.index = 1;
  other.pc = kTestCode + 0x100;
  data_.states.push_back(other);
  EXPECT_EQ(cause(), "");
}

TEST_F(ActivityTest, NobodyLooksTwiceAtAGuestThatEndedItself) {
  put_code(kTestCode, {0x14000000});
  evidence_.stopped_for = StoppedFor::kConsole;
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
