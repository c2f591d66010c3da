// Why a machine's process ended, or was slow, from the facts of an outcome.
#include "run/host_trouble.h"

#include <gmock/gmock.h>

#include "run/verdict.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

Outcome ended_by(std::string status, std::string errors = "") {
  Outcome outcome;
  outcome.termination = Termination::kExited;
  outcome.exit_status = std::move(status);
  outcome.machine.errors = std::move(errors);
  outcome.machine.emulator_version = "7.2.22";
  outcome.bytes = 10;
  outcome.host_before = HostState{2, 1.0, 5.0, 8 * kGiB, 16 * kGiB, 3};
  outcome.host_after = outcome.host_before;
  return outcome;
}

std::string detail(const Outcome& outcome) {
  const Verdict verdict = judge(outcome, Ending::kRunning);
  EXPECT_EQ(verdict.kind, VerdictKind::kError);
  EXPECT_EQ(verdict.cause, Cause::kHost);
  return verdict.detail;
}

TEST(HostTrouble, TheKernelHasCountedAKill) {
  Outcome outcome = ended_by("signal 9 (Killed)");
  outcome.host_after->oom_kills = 4;
  outcome.host_after->memory_available = kGiB / 8;
  EXPECT_EQ(
      detail(outcome),
      "the emulator ended by itself, signal 9 (Killed); likely the kernel's OOM killer: it has killed 1 process on "
      "this host since power-on, 128 of 16384 MiB of the host's memory are free");
}

TEST(HostTrouble, TheHostIsShortOfMemory) {
  Outcome outcome = ended_by("signal 9 (Killed)");
  outcome.host_after->memory_available = kGiB / 2;
  EXPECT_THAT(detail(outcome), HasSubstr("likely for want of memory: 512 of 16384 MiB"));
}

TEST(HostTrouble, AKillOnAHostWithMemoryIsNotTheKernels) {
  EXPECT_THAT(detail(ended_by("signal 9 (Killed)")),
              HasSubstr("; nobody of this run sent it, and 8192 of 16384 MiB of the host's memory are free"));
  Outcome outcome = ended_by("signal 9 (Killed)");
  outcome.host_before.reset();
  outcome.host_after.reset();
  EXPECT_THAT(detail(outcome), Not(HasSubstr("likely")));
}

TEST(HostTrouble, ASignalThatQemuBroughtOnItself) {
  EXPECT_THAT(detail(ended_by("signal 11 (Segmentation fault)")), HasSubstr("a defect of this QEMU"));
  EXPECT_THAT(detail(ended_by("signal 7 (Bus error)")), HasSubstr("ran short"));
  EXPECT_THAT(detail(ended_by("signal 15 (Terminated)")), HasSubstr("somebody else sent it"));
}

TEST(HostTrouble, QemusOwnAssertion) {
  const std::string said =
      detail(ended_by("signal 6 (Aborted)", "qemu-system-aarch64: ../hw/core/a.c:12: f: Assertion `x' failed.\n"));
  EXPECT_THAT(said, HasSubstr("../hw/core/a.c:12: f: Assertion `x' failed."));
  EXPECT_THAT(said, HasSubstr("an assertion of QEMU's own does not hold"));
}

TEST(HostTrouble, ALimitStandsInTheWay) {
  Outcome outcome = ended_by("exit status 1", "allocate 1073741824 bytes for jit buffer: Cannot allocate memory\n");
  outcome.machine.argv = {"qemu-system-aarch64", "-m", "4096M"};
  EXPECT_THAT(detail(outcome),
              HasSubstr("the guest's 4096 MiB are refused although 8192 of 16384 MiB of the host's memory are free"));
  outcome.machine.argv.back() = "16384M";
  EXPECT_THAT(detail(outcome), HasSubstr("the host has no memory for this guest"));
}

TEST(HostTrouble, NoMemoryForTheGuest) {
  Outcome outcome = ended_by(
      "exit status 1", "qemu-system-aarch64: cannot set up guest memory 'mach-virt.ram': Cannot allocate memory\n");
  EXPECT_THAT(detail(outcome), HasSubstr("the host has no memory for this guest: 8192 of 16384 MiB"));
}

// Before QEMU has said a word on QMP it is mostly the command line that is wrong.
TEST(HostTrouble, BeforeItRanItIsTheHostsAllTheSame) {
  Outcome outcome = ended_by("exit status 1", "cannot set up guest memory 'mach-virt.ram': Cannot allocate memory");
  outcome.bytes = 0;
  outcome.machine.emulator_version.clear();
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kHost);
  outcome.machine.errors = "-cpu: no such CPU";
  EXPECT_EQ(judge(outcome, Ending::kRunning).cause, Cause::kMachineStart);
}

TEST(HostTrouble, AnEndThatSaysNothingOfTheHost) {
  EXPECT_EQ(detail(ended_by("exit status 1", "bad option")), "the emulator ended by itself, exit status 1: bad option");
}

Outcome timed_out(Duration starved) {
  Outcome outcome;
  outcome.termination = Termination::kTestTimeout;
  outcome.expected = 1;
  outcome.limit = 10s;
  outcome.wall = 30s;
  outcome.starved = starved;
  outcome.machine.cpu_time = 400ms;
  outcome.machine.accelerator = outcome.accelerator_asked = "tcg";
  outcome.host_after = HostState{2, 9.3, 71.0, {}, {}, {}};
  return outcome;
}

TEST(HostTrouble, AStarvedMachineSaysSo) {
  const Verdict verdict = judge(timed_out(20s), Ending::kRunning);
  EXPECT_EQ(verdict.cause, Cause::kBootTimeout);  // its time was up all the same
  EXPECT_THAT(verdict.detail,
              HasSubstr("; QEMU got 0.4 s of CPU in 30.0 s and waited 20.0 s for a processor, which the limit does not "
                        "count: the host was busy (load 9.3 on 2 processors, CPU pressure 71 %)"));
}

TEST(HostTrouble, AnIdleGuestIsNotStarved) {
  EXPECT_THAT(judge(timed_out(100ms), Ending::kRunning).detail, Not(HasSubstr("the host was busy")));
}

TEST(HostTrouble, TheCapOnAStuckHostTellsItsLoad) {
  Outcome outcome = timed_out(29s);
  outcome.termination = Termination::kWallClockCap;
  EXPECT_THAT(detail(outcome), HasSubstr("for a processor (load 9.3 on 2 processors, CPU pressure 71 %)"));
}

}  // namespace
}  // namespace bootrig
