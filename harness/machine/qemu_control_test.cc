// What a person at the console may ask of a real QEMU.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "machine/qemu_machine.h"
#include "machine/tiny_guest.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Prints 'B' for each BREAK that the PL011 received (UARTDR bit 10), and nothing else. x1: the PL011.
Instructions tell_breaks() {
  return {0xb9401824,   // ldr  w4, [x1, #0x18]   UARTFR
          0x3727ffe4,   // tbnz w4, #4, .-4       RXFE
          0xb9400023,   // ldr  w3, [x1]          UARTDR
          0x3657ffa3,   // tbz  w3, #10, .-12
          0x52800843,   // mov  w3, #'B'
          0xb9000023,   // str  w3, [x1]
          0x17fffffa};  // b    .-24
}

class QemuControl : public ::testing::Test {
 protected:
  void start(const std::vector<Instructions>& parts) {
    const auto image = folder_.put("image", tiny_guest("up\n", parts));
    auto machine =
        start_qemu(launcher_, clock_, interrupt_, {{.memory = std::uint64_t{128} << 20}, {image, kTinyGuestAddress}});
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }
  // Output up to the first other event, or to the text.
  std::optional<MachineEvent> pull(std::string_view until, Duration limit = seconds(60)) {
    said_.clear();
    while (!said_.ends_with(until) || until.empty()) {
      MachineEvent event = machine_->next_event(Deadline::after(clock_.now(), limit));
      const auto* output = std::get_if<ConsoleOutput>(&event);
      if (output == nullptr) return event;
      said_ += output->bytes;
    }
    return std::nullopt;
  }
  void control(MachineControl what) {
    const auto done = machine_->control(what);
    EXPECT_TRUE(done) << to_text(done.error());
  }

  TestFolder folder_;
  SteadyClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::unique_ptr<Machine> machine_;
  std::string said_;
};

TEST_F(QemuControl, Break) {
  start({tell_breaks()});
  ASSERT_FALSE(pull("up\n"));
  ASSERT_TRUE(machine_->send("x"));
  control(MachineControl::kBreak);
  ASSERT_FALSE(pull("B"));
  EXPECT_EQ(said_, "B");
}

TEST_F(QemuControl, PauseAndContinue) {
  start({print_for_ever()});
  ASSERT_FALSE(pull("A"));
  control(MachineControl::kPause);
  // What it said before is still to come; then it is silent.
  const auto event = pull("", milliseconds(100));
  ASSERT_TRUE(event && std::holds_alternative<DeadlinePassed>(*event));
  control(MachineControl::kContinue);
  ASSERT_FALSE(pull("A"));
}

TEST_F(QemuControl, ResetOfARunningGuest) {
  start({wait_for_ever()});
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(pull("up\n"));
    control(MachineControl::kReset);
  }
  ASSERT_FALSE(pull("up\n"));
  EXPECT_EQ(said_, "up\n");
}

// And a reset by the guest itself is its end, before and after.
TEST_F(QemuControl, ResetOfAGuestThatHasEnded) {
  start({reset()});
  for (int i = 0; i < 3; ++i) {
    const auto event = pull("");
    ASSERT_TRUE(event && std::holds_alternative<GuestStopped>(*event));
    EXPECT_EQ(std::get<GuestStopped>(*event).why, GuestStopped::Why::kReset);
    EXPECT_EQ(said_, "up\n");
    EXPECT_EQ(machine_->control(MachineControl::kContinue).error().message, "the guest has ended");
    control(MachineControl::kReset);
  }
}

TEST_F(QemuControl, ResetOfAPausedGuestLetsItGo) {
  start({wait_for_ever()});
  ASSERT_FALSE(pull("up\n"));
  control(MachineControl::kPause);
  control(MachineControl::kReset);
  ASSERT_FALSE(pull("up\n"));
}

TEST_F(QemuControl, AMachineThatIsGone) {
  start({wait_for_ever()});
  ASSERT_FALSE(pull("up\n"));
  machine_->stop();
  for (const auto what :
       {MachineControl::kBreak, MachineControl::kPause, MachineControl::kContinue, MachineControl::kReset}) {
    EXPECT_EQ(machine_->control(what).error().message, "the machine has ended");
  }
}

TEST_F(QemuControl, WakesOnADescriptor) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ScopedFd reading(ends[0]), writing(ends[1]);
  start({wait_for_ever()});
  ASSERT_FALSE(pull("up\n"));
  machine_->wake_on(reading.get());
  ASSERT_EQ(::write(writing.get(), "x", 1), 1);
  const auto event = pull("", std::chrono::hours(1));
  ASSERT_TRUE(event && std::holds_alternative<DeadlinePassed>(*event));
  machine_->wake_on(-1);
  const TimePoint before = clock_.now();
  ASSERT_TRUE(pull("", milliseconds(50)));
  EXPECT_GE(clock_.now() - before, milliseconds(50));
}

}  // namespace
}  // namespace bootrig
