// Breakpoints of real QEMUs: guests of a few instructions that take exceptions at vectors of their own, or at none.
#include "machine/breakpoint.h"

#include <gtest/gtest.h>

#include "machine/qemu_machine.h"
#include "machine/tiny_guest.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kVectors = 0x40410000;  // where nothing is: what is there is undefined, and raises the next
constexpr std::uint64_t kCurrentSpx = 0x200;    // DDI 0487, D1.3.1.5

// VBAR_EL1 = kVectors
Instructions set_vectors() {
  return {0xd2a80825,   // movz x5, #0x4041, lsl #16
          0xd518c005,   // msr  vbar_el1, x5
          0xd5033fdf};  // isb
}
constexpr std::uint32_t kSvc7 = 0xd40000e1;       // svc #7
constexpr std::uint32_t kUndefined = 0x00000000;  // udf #0

class BreakpointTest : public ::testing::Test {
 protected:
  void start(const std::vector<Instructions>& parts, bool log = false) {
    MachineSpec spec;
    spec.memory = std::uint64_t{128} << 20;
    MachineRequest request{spec, {folder_.put("image", tiny_guest("up\n", parts)), kTinyGuestAddress}};
    request.paused = true;
    request.log_exceptions = log;
    auto machine = start_qemu(launcher_, clock_, interrupt_, request);
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }

  BreakStop next(Duration limit = seconds(60)) {
    auto stop = breakpoints_->next(Deadline::after(clock_.now(), limit));
    EXPECT_TRUE(stop) << to_text(stop.error());
    return stop ? *std::move(stop) : BreakStop{};
  }

  TestFolder folder_;
  SteadyClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Breakpoints> breakpoints_;
};

// The vector is where nothing maps or holds code: QEMU stops there all the same, and each exception that the vector
// itself raises is a stop.
TEST_F(BreakpointTest, AtAVectorThatIsNoCode) {
  start({set_vectors(), {kSvc7}}, /*log=*/true);
  auto set = machine_->break_at({kVectors + kCurrentSpx});
  ASSERT_TRUE(set) << to_text(set.error());
  breakpoints_ = *std::move(set);
  BreakStop stop = next();
  ASSERT_EQ(stop.why, BreakStop::Why::kBreakpoint);
  EXPECT_EQ(stop.pc, kVectors + kCurrentSpx);
  EXPECT_EQ(stop.pstate >> 2 & 3, 1u);
  EXPECT_EQ(stop.system.at("ESR_EL1"), 0x56000007u);
  stop = next();
  ASSERT_EQ(stop.why, BreakStop::Why::kBreakpoint);
  EXPECT_EQ(stop.system.at("ESR_EL1") >> 26, 0u) << "an undefined instruction";
  EXPECT_EQ(stop.system.at("ELR_EL1"), kVectors + kCurrentSpx);
  // It stands, and can be looked at.
  const auto inspection = machine_->inspect();
  ASSERT_TRUE(inspection) << to_text(inspection.error());
  const auto cpus = (*inspection)->cpus();
  ASSERT_TRUE(cpus) << to_text(cpus.error());
  EXPECT_EQ(cpus->front().pc, kVectors + kCurrentSpx);
  EXPECT_EQ(cpus->front().system.at("VBAR_EL1"), kVectors);

  ASSERT_NE(machine_->exception_log(), nullptr);
  const auto logged = machine_->exception_log()->exceptions();
  ASSERT_FALSE(logged.empty());
  EXPECT_EQ(logged[0].elr, kVectors + kCurrentSpx);
  EXPECT_EQ(logged[0].vector, kVectors + kCurrentSpx);
  EXPECT_EQ(machine_->exception_log()->taken(), 2u) << "the call, and what followed";
}

TEST_F(BreakpointTest, TheGuestEndsBefore) {
  start({power_off()});
  auto set = machine_->break_at({kVectors});
  ASSERT_TRUE(set) << to_text(set.error());
  breakpoints_ = *std::move(set);
  EXPECT_EQ(next().why, BreakStop::Why::kGuestStopped);
}

TEST_F(BreakpointTest, TimeIsUp) {
  start({wait_for_ever()});
  auto set = machine_->break_at({kVectors});
  ASSERT_TRUE(set) << to_text(set.error());
  breakpoints_ = *std::move(set);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(std::chrono::milliseconds(20)).why, BreakStop::Why::kDeadlinePassed);
}

// Faults without end, as fast as QEMU can: it waits for nobody, and what is kept is bounded.
TEST_F(BreakpointTest, ALogWithoutEnd) {
  start({set_vectors(), {kUndefined}}, /*log=*/true);
  auto set = machine_->break_at({});
  ASSERT_TRUE(set) << to_text(set.error());
  breakpoints_ = *std::move(set);
  EXPECT_EQ(next(std::chrono::milliseconds(300)).why, BreakStop::Why::kDeadlinePassed);
  const ExceptionLog& log = *machine_->exception_log();
  EXPECT_GT(log.taken(), ExceptionLog::kHeadMax + ExceptionLog::kTailMax);
  EXPECT_LE(log.exceptions().size(), ExceptionLog::kHeadMax + ExceptionLog::kTailMax);
}

}  // namespace
}  // namespace bootrig
