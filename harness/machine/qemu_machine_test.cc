// Real QEMUs and stand-ins for it. Guests are a few instructions (tiny_guest.h).
#include "machine/qemu_machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "machine/tiny_guest.h"
#include "process/child.h"
#include "testing/manual_clock.h"
#include "testing/soon.h"

namespace bootrig {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Why = GuestStopped::Why;

std::string write_temporary(const std::string& name, std::string_view bytes) {
  const std::string path = ::testing::TempDir() + fmt::format("bootrig-{}-{}", ::getpid(), name);
  EXPECT_TRUE(write_file_atomically(path, bytes));
  return path;
}

class QemuMachineTest : public ::testing::Test {
 protected:
  ~QemuMachineTest() override {
    for (const auto& file : files_) ::unlink(file.c_str());
  }

  std::unique_ptr<Machine> start(MachineRequest request) {
    auto machine = start_qemu(launcher_, clock_, interrupt_, request);
    EXPECT_TRUE(machine) << machine.error().message;
    return machine ? std::move(*machine) : nullptr;
  }

  MachineRequest guest(std::string_view text, const std::vector<Instructions>& parts, MachineSpec spec = {}) {
    files_.push_back(write_temporary(fmt::format("guest-{}", files_.size()), tiny_guest(text, parts)));
    spec.memory = std::uint64_t{128} << 20;
    return {spec, {files_.back(), kTinyGuestAddress}};
  }

  // A shell script in QEMU's place: descriptors 3, 4 and 5 are its channels.
  MachineRequest stand_in(const std::string& script) {
    files_.push_back(write_temporary(fmt::format("stand-in-{}", files_.size()), "#!/bin/sh\n" + script + "\n"));
    EXPECT_EQ(::chmod(files_.back().c_str(), 0755), 0);
    return {{.qemu = files_.back()}, {"image.elf", std::nullopt}};
  }

  // Pulls events until one is no output; collects what was said.
  MachineEvent run(Machine& machine, Deadline deadline = soon()) {
    for (;;) {
      MachineEvent event = machine.next_event(deadline);
      const auto* output = std::get_if<ConsoleOutput>(&event);
      if (output == nullptr) return event;
      EXPECT_FALSE(output->bytes.empty());
      said_ += output->bytes;
    }
  }

  void run_until_said(Machine& machine, std::string_view text) {
    while (said_.find(text) == said_.npos) {
      const MachineEvent event = machine.next_event(soon());
      ASSERT_TRUE(std::holds_alternative<ConsoleOutput>(event)) << "event " << event.index();
      said_ += std::get<ConsoleOutput>(event).bytes;
    }
  }

  Why why_stopped(const MachineRequest& request) {
    const auto machine = start(request);
    return std::get<GuestStopped>(run(*machine)).why;
  }

  SteadyClock clock_;
  Interrupt interrupt_;
  ForkingLauncher launcher_;
  std::string said_;
  std::vector<std::string> files_;
};

TEST_F(QemuMachineTest, PowerOff) {
  const auto machine = start(guest("hello\n", {power_off()}));
  EXPECT_EQ(std::get<GuestStopped>(run(*machine)).why, Why::kPowerOff);
  EXPECT_EQ(said_, "hello\n");
  EXPECT_EQ(machine->facts().accelerator, "tcg");
  EXPECT_NE(machine->facts().emulator_version.find('.'), std::string::npos);
  EXPECT_EQ(machine->facts().argv[0], "qemu-system-aarch64");
  EXPECT_GT(machine->facts().pid, 0);
  EXPECT_EQ(machine->facts().errors, "");
  // The machine is paused, not gone; the last event stands.
  EXPECT_EQ(std::get<GuestStopped>(machine->next_event(soon())).why, Why::kPowerOff);
  EXPECT_EQ(::kill(machine->facts().pid, 0), 0);
  machine->stop();
  EXPECT_GT(machine->facts().cpu_time, Duration::zero());
  machine->stop();
}

TEST_F(QemuMachineTest, Reset) {
  EXPECT_EQ(why_stopped(guest("", {reset()})), Why::kReset);
}

TEST_F(QemuMachineTest, EntersTheLevelThatIsAsked) {
  EXPECT_EQ(why_stopped(guest("", {power_off(2)}, {.gic = 3, .level = 2})), Why::kPowerOff);
}

// More than all buffers on the way hold.
TEST_F(QemuMachineTest, EveryByteComesBeforeTheEnd) {
  const auto machine = start(guest("x", {print_many(300000), power_off()}));
  EXPECT_EQ(std::get<GuestStopped>(run(*machine)).why, Why::kPowerOff);
  EXPECT_EQ(said_, "x" + std::string(300000, 'A'));
}

// Both are there before the first look: the stop must not be forgotten while the bytes are
// delivered.
TEST_F(QemuMachineTest, AStopThatIsReadWithTheLastBytes) {
  const std::string ready = write_temporary("ready", "");
  files_.push_back(ready);
  const char* script = R"(printf 'bye\n' >&3
printf '{{"event": "SHUTDOWN", "data": {{"reason": "guest-shutdown"}}}}\n' >&4
echo ready > {}
exec sleep 100)";
  const auto machine = start(stand_in(fmt::format(fmt::runtime(script), ready)));
  const Deadline deadline = soon();
  while (read_file(ready).value_or("").empty() && !deadline.passed(clock_.now())) {
    ::poll(nullptr, 0, 1);
  }
  ASSERT_TRUE(std::holds_alternative<ConsoleOutput>(machine->next_event(deadline)));
  ::poll(nullptr, 0, 5);  // a reader that is slower than the console's gathers
  EXPECT_EQ(std::get<GuestStopped>(machine->next_event(deadline)).why, Why::kPowerOff);
  EXPECT_FALSE(deadline.passed(clock_.now())) << "only the deadline woke it";
}

TEST_F(QemuMachineTest, RunsOn) {
  const auto machine = start(guest("up\n", {wait_for_ever()}));
  run_until_said(*machine, "up\n");
  const Deadline deadline = Deadline::after(clock_.now(), milliseconds(1));
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine->next_event(deadline)));
  EXPECT_GE(machine->starved(), Duration::zero());
}

TEST_F(QemuMachineTest, HearsWhatIsSent) {
  const auto machine = start(guest("> ", {echo_until_q(), power_off()}));
  run_until_said(*machine, "> ");
  const std::string line(500, 'z');  // many times what the UART's FIFO holds
  ASSERT_TRUE(machine->send(line));
  ASSERT_TRUE(machine->send("q"));
  EXPECT_EQ(std::get<GuestStopped>(run(*machine)).why, Why::kPowerOff);
  EXPECT_EQ(said_, "> " + line + "q");
  EXPECT_EQ(machine->send("x").error().message, "cannot send to the console: the machine has ended");
}

TEST_F(QemuMachineTest, SendingToADeafGuestDoesNotBlock) {
  const auto machine = start(guest("", {wait_for_ever()}));
  const std::string half(std::size_t{1} << 19, 'z');
  Result<void> sent;
  for (int i = 0; i < 8 && sent; ++i) sent = machine->send(half);
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().message.starts_with("cannot send to the console: the guest has left "))
      << to_text(sent.error());
}

TEST_F(QemuMachineTest, FloodDoesNotHoldUpADeadline) {
  const auto machine = start(guest("", {print_for_ever()}));
  run_until_said(*machine, "A");
  const Deadline deadline = Deadline::after(clock_.now(), milliseconds(20));
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(run(*machine, deadline)));
}

TEST_F(QemuMachineTest, InterruptWakes) {
  const auto machine = start(guest("up\n", {wait_for_ever()}));
  run_until_said(*machine, "up\n");
  EXPECT_FALSE(interrupt_.raised());
  interrupt_.raise();
  EXPECT_TRUE(interrupt_.raised());
  EXPECT_TRUE(std::holds_alternative<Interrupted>(machine->next_event(Deadline::never())));
  EXPECT_TRUE(std::holds_alternative<Interrupted>(machine->next_event(Deadline::never())));
}

TEST_F(QemuMachineTest, KilledFromOutside) {
  const auto machine = start(guest("up\n", {wait_for_ever()}));
  run_until_said(*machine, "up\n");
  ::kill(machine->facts().pid, SIGKILL);
  EXPECT_EQ(std::get<MachineExited>(run(*machine)).status.to_text(), "signal 9 (Killed)");
  EXPECT_EQ(std::get<MachineExited>(machine->next_event(Deadline::never())).status.signal, SIGKILL);
}

TEST_F(QemuMachineTest, RefusedArguments) {
  MachineRequest request = guest("", {power_off()});
  request.machine.extra_arguments = {"-no-such-option"};
  const auto machine = start(request);
  EXPECT_EQ(std::get<MachineExited>(run(*machine)).status.to_text(), "exit status 1");
  EXPECT_EQ(machine->facts().errors, "qemu-system-aarch64: -no-such-option: invalid option\n");
  EXPECT_EQ(machine->facts().emulator_version, "");
  EXPECT_EQ(machine->facts().accelerator, "");
}

TEST_F(QemuMachineTest, CommaInTheImagesName) {
  MachineRequest request = guest("hello", {power_off()});
  files_.push_back(write_temporary("a,b,,c", read_file(request.image.file).value()));
  request.image.file = files_.back();
  EXPECT_EQ(why_stopped(request), Why::kPowerOff);
  EXPECT_EQ(said_, "hello");
}

TEST_F(QemuMachineTest, MissingQemuIsAStartFailure) {
  const auto machine = start_qemu(launcher_, clock_, interrupt_, {{.qemu = "no-such-qemu"}, {"image.elf", {}}});
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().kind, StartFailure::Kind::kStart);
  EXPECT_EQ(machine.error().message, "no-such-qemu: cannot start: No such file or directory");
}

TEST_F(QemuMachineTest, LeavesNoProcessBehind) {
  ScopedFd pidfd;
  {
    const auto machine = start(guest("", {wait_for_ever()}));
    pidfd = open_pidfd(machine->facts().pid);
  }
  pollfd watched{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, 0), 1);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

// Run by the test below in a process of its own.
TEST_F(QemuMachineTest, DISABLED_Parent) {
  const auto machine = start(guest("up\n", {wait_for_ever()}));
  run_until_said(*machine, "up\n");
  fmt::print(stderr, "{} {}\n", machine->facts().pid, files_[0]);
  run(*machine, Deadline::never());
}

TEST_F(QemuMachineTest, DiesWithItsParent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ScopedFd reading(ends[0]);
  const ScopedFd writing(ends[1]);
  const auto parent = launcher_.launch(
      {.argv = {"/proc/self/exe", "--gtest_also_run_disabled_tests", "--gtest_filter=QemuMachineTest.DISABLED_Parent"},
       .errors = writing.get()});
  ASSERT_TRUE(parent);
  std::array<char, 4096> text{};
  ASSERT_GT(::read(reading.get(), text.data(), text.size() - 1), 1);
  const std::string said(text.data());
  files_.push_back(said.substr(said.find(' ') + 1, said.find('\n') - said.find(' ') - 1));
  const ScopedFd qemu = open_pidfd(std::atoi(said.c_str()));
  ASSERT_TRUE(qemu.valid()) << said;
  ::kill((*parent)->pid(), SIGKILL);  // that process alone
  pollfd watched{.fd = qemu.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, 60000), 1);
}

TEST_F(QemuMachineTest, StandInThatSaysMuchAndEnds) {
  const auto machine = start(stand_in("head -c 50000000 /dev/zero >&3; echo end >&3; exit 7"));
  EXPECT_EQ(std::get<MachineExited>(run(*machine)).status.code, 7);
  EXPECT_EQ(said_.size(), 50000004u);
  EXPECT_TRUE(said_.ends_with("end\n"));
}

TEST_F(QemuMachineTest, StandInThatClosesItsConsoleAndGoesOn) {
  const auto machine = start(stand_in("echo bye >&3; exec 3>&-; exec sleep 1000"));
  run_until_said(*machine, "bye\n");
  const Deadline deadline = Deadline::after(clock_.now(), milliseconds(20));
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine->next_event(deadline)));
}

TEST_F(QemuMachineTest, StandInWithHostileChannels) {
  const auto machine = start(stand_in("head -c 200000 /dev/urandom >&4; head -c 200000 /dev/zero >&2; echo x >&3"));
  EXPECT_EQ(std::get<MachineExited>(run(*machine)).status.code, 0);
  EXPECT_EQ(said_, "x\n");
  EXPECT_EQ(machine->facts().errors, std::string(65536, '\0'));
  EXPECT_EQ(machine->facts().accelerator, "");
}

// It ends with our QMP opening unread: our reads meet ECONNRESET.
TEST_F(QemuMachineTest, StandInThatStopsTheGuestAndEnds) {
  const auto machine = start(stand_in(R"(echo last >&3
echo '{"event": "SHUTDOWN", "data": {"reason": "guest-shutdown"}}' >&4)"));
  EXPECT_EQ(std::get<GuestStopped>(run(*machine)).why, Why::kPowerOff);
  EXPECT_EQ(said_, "last\n");
}

// What the console holds is not lost on a reader that comes late; and a reader that is late twice
// is told.
TEST_F(QemuMachineTest, LateReaderGetsWhatIsThereOnce) {
  const ManualClock clock;
  std::array<int, 2> uart{};
  ASSERT_EQ(::pipe2(uart.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const ScopedFd far(uart[1]);
  QemuChannels channels;
  channels.uart.reset(uart[0]);
  QemuMachine machine(launcher_.launch({.argv = {"sleep", "1000"}}).value(), std::move(channels), {}, clock,
                      interrupt_);
  ASSERT_EQ(::write(far.get(), "a", 1), 1);
  const Deadline now{clock.now()};
  EXPECT_EQ(std::get<ConsoleOutput>(machine.next_event(now)).bytes, "a");
  ASSERT_EQ(::write(far.get(), "b", 1), 1);
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine.next_event(now)));
  EXPECT_EQ(std::get<ConsoleOutput>(machine.next_event(Deadline::after(clock.now(), seconds(1)))).bytes, "b");
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine.next_event(now)));
}

}  // namespace
}  // namespace bootrig
