#include "process/launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "base/text.h"
#include "process/child.h"

namespace bootrig {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Long enough that only a hang reaches it.
Deadline soon() {
  return Deadline::after(SteadyClock().now(), seconds(60));
}

LaunchSpec shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

std::string output_of(LaunchSpec spec) {
  ForkingLauncher launcher;
  const auto result = run_command(launcher, std::move(spec), soon());
  return result ? result->output : to_text(result.error());
}

ExitStatus status_of(const std::string& script) {
  ForkingLauncher launcher;
  return launcher.launch(shell(script)).value()->wait(soon()).value();
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0;
}

bool ends_soon(int pidfd) {
  pollfd watched{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 60000) == 1;
}

TEST(ForkingLauncher, ReportsHowAChildEnded) {
  EXPECT_EQ(status_of("exit 0").to_text(), "exit status 0");
  EXPECT_EQ(status_of("exit 42").to_text(), "exit status 42");
  EXPECT_EQ(status_of("kill -9 $$").to_text(), "signal 9 (Killed)");
  EXPECT_EQ(status_of("kill -SEGV $$").to_text(), "signal 11 (Segmentation fault)");
  EXPECT_FALSE(has_children());
}

TEST(ForkingLauncher, NamesTheProgramThatCannotStart) {
  EXPECT_EQ(output_of({.argv = {"no-such-program"}}), "no-such-program: cannot start: No such file or directory");
  EXPECT_EQ(output_of({.argv = {"/etc/passwd"}}), "/etc/passwd: cannot start: Permission denied");
  EXPECT_EQ(output_of({.argv = {"/etc"}}), "/etc: cannot start: Permission denied");
  EXPECT_EQ(output_of({.argv = {""}}), "cannot start: No such file or directory");
  EXPECT_EQ(output_of({.argv = {"sh"}, .folder = "/nowhere"}),
            "sh: cannot start in /nowhere: No such file or directory");
  EXPECT_FALSE(has_children());
}

TEST(ForkingLauncher, ClosedDescriptorIsAnError) {
  EXPECT_EQ(output_of({.argv = {"sh"}, .inherited = {{999, 3}}}), "sh: cannot start: Bad file descriptor");
}

TEST(ForkingLauncher, RunsInTheFolder) {
  EXPECT_EQ(output_of({.argv = {"pwd"}, .folder = "/usr"}), "/usr\n");
}

TEST(ForkingLauncher, ArgumentsArriveAsTheyAre) {
  EXPECT_EQ(output_of({.argv = {"printf", "[%s]", "a b", "", "$x'\"\n"}}), "[a b][][$x'\"\n]");
}

TEST(ForkingLauncher, OutputAndErrorsGoWhereTheyAreSent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ScopedFd reading(ends[0]);
  const ScopedFd writing(ends[1]);
  LaunchSpec spec = shell("echo out; echo err >&2; cat");  // cat: stdin is empty, not ours
  spec.errors = writing.get();
  ForkingLauncher launcher;
  EXPECT_EQ(launcher.launch(spec).value()->wait(soon())->code, 0);
  std::array<char, 64> text{};
  EXPECT_EQ(::read(reading.get(), text.data(), text.size()), 4);
  EXPECT_STREQ(text.data(), "err\n");
}

TEST(ForkingLauncher, ChildSeesOnlyTheDescriptorsThatAreNamed) {
  const ScopedFd leaky(::dup2(STDERR_FILENO, 40));  // not CLOEXEC
  // ls itself opens the first free number, 3.
  EXPECT_EQ(output_of({.argv = {"ls", "/proc/self/fd"}, .inherited = {{STDERR_FILENO, 7}}}), "0\n1\n2\n3\n7\n");
}

TEST(ForkingLauncher, DescriptorsMayTradePlaces) {
  std::array<int, 2> first{};
  std::array<int, 2> second{};
  ASSERT_EQ(::pipe2(first.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(second.data(), O_CLOEXEC), 0);
  LaunchSpec spec = shell(fmt::format("echo a > /proc/self/fd/{}; echo b > /proc/self/fd/{}", first[1], second[1]));
  spec.inherited = {{first[1], second[1]}, {second[1], first[1]}};
  ForkingLauncher launcher;
  ASSERT_EQ(launcher.launch(spec).value()->wait(soon())->code, 0);
  std::array<char, 2> text{};
  EXPECT_EQ(::read(first[0], text.data(), 2), 2);
  EXPECT_EQ(text[0], 'b');
  EXPECT_EQ(::read(second[0], text.data(), 2), 2);
  EXPECT_EQ(text[0], 'a');
  for (const int fd : {first[0], first[1], second[0], second[1]}) ::close(fd);
}

TEST(ForkingLauncher, SignalsAreDefaultAndUnblocked) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto handler = ::signal(SIGPIPE, SIG_IGN);
  const std::string masks = output_of({.argv = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
  ::signal(SIGPIPE, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(masks, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(ChildProcess, RunningAtTheDeadline) {
  ForkingLauncher launcher;
  const auto child = launcher.launch(shell("exec sleep 1000")).value();
  EXPECT_EQ(child->wait(Deadline{SteadyClock().now()}), std::nullopt);
  child->signal(SIGINT);
  EXPECT_EQ(child->wait(soon())->signal, SIGINT);
  EXPECT_EQ(child->wait(Deadline::never())->signal, SIGINT);  // asked again
}

TEST(ChildProcess, TerminateAsksFirst) {
  ForkingLauncher launcher;
  EXPECT_EQ(launcher.launch(shell("exec sleep 1000")).value()->terminate(seconds(60)).signal, SIGTERM);
}

TEST(ChildProcess, DeafToTerminateIsKilledWithItsGroup) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ScopedFd reading(ends[0]);
  ScopedFd writing(ends[1]);
  LaunchSpec spec = shell("trap '' TERM; sleep 1000 & echo x; while :; do sleep 1000; done");
  spec.output = writing.get();
  ForkingLauncher launcher;
  const auto child = launcher.launch(spec).value();
  writing.reset();
  std::array<char, 8> text{};
  ASSERT_EQ(::read(reading.get(), text.data(), text.size()), 2);  // the trap is set
  EXPECT_EQ(child->terminate(milliseconds(1)).signal, SIGKILL);
  EXPECT_EQ(::read(reading.get(), text.data(), text.size()), 0);  // nobody holds the pipe any more
}

TEST(ChildProcess, DestructorKillsAndReaps) {
  ForkingLauncher launcher;
  const ScopedFd pidfd = [&] {
    const auto child = launcher.launch(shell("exec sleep 1000")).value();
    return open_pidfd(child->pid());
  }();
  EXPECT_TRUE(ends_soon(pidfd.get()));
  EXPECT_FALSE(has_children());
}

TEST(ChildProcess, CountsItsCpuTime) {
  EXPECT_GT(status_of("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done").cpu_time, Duration::zero());
}

// Two busy children share one core: one of them must wait.
TEST(ChildProcess, StarvedCountsTheTimeOnTheRunQueue) {
  cpu_set_t all;
  cpu_set_t one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(all), &all), 0);
  int core = 0;
  while (!CPU_ISSET(core, &all)) ++core;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one),
            0);  // the launcher's thread inherits it, and so do children
  ForkingLauncher launcher;
  ::sched_setaffinity(0, sizeof(all), &all);
  const auto first = launcher.launch(shell("while :; do :; done")).value();
  const auto second = launcher.launch(shell("while :; do :; done")).value();
  const Deadline deadline = soon();
  while (first->starved() < milliseconds(1) && !deadline.passed(SteadyClock().now())) {
    first->wait(Deadline::after(SteadyClock().now(), milliseconds(5)));
  }
  EXPECT_GE(first->starved(), milliseconds(1));
  first->terminate(Duration::zero());
  EXPECT_EQ(first->starved(), Duration::zero());
}

TEST(ForkingLauncher, ManyLaunchesFromManyThreads) {
  ForkingLauncher launcher;
  std::atomic<int> good = 0;
  const auto launch_fifty = [&launcher, &good] {
    for (int i = 0; i < 50; ++i) {
      const auto result = run_command(launcher, shell(fmt::format("echo {}; exit {}", i, i)), soon());
      if (result && result->status.code == i && result->output == fmt::format("{}\n", i)) ++good;
    }
  };
  {
    std::array<std::jthread, 4> threads;
    for (auto& thread : threads) thread = std::jthread(launch_fifty);
  }
  EXPECT_EQ(good, 200);
  EXPECT_FALSE(has_children());
}

// Run by the test below in a process of its own: launches a child, says its pid, and waits for it.
TEST(ForkingLauncher, DISABLED_MiddleProcess) {
  ForkingLauncher launcher;
  const auto child = launcher.launch(shell("exec sleep 1000")).value();
  fmt::print(stderr, "{}\n", child->pid());
  child->wait(Deadline::never());
}

TEST(ForkingLauncher, ChildDiesWithTheProcessThatLaunchedIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ScopedFd reading(ends[0]);
  const ScopedFd writing(ends[1]);
  ForkingLauncher launcher;
  const auto middle = launcher.launch({.argv = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                                "--gtest_filter=ForkingLauncher.DISABLED_MiddleProcess"},
                                       .errors = writing.get()});
  ASSERT_TRUE(middle);
  std::array<char, 32> text{};
  ASSERT_GT(::read(reading.get(), text.data(), text.size()), 1);
  const ScopedFd grandchild = open_pidfd(std::atoi(text.data()));
  ASSERT_TRUE(grandchild.valid());
  ::kill((*middle)->pid(), SIGKILL);  // the process alone, not its group
  EXPECT_TRUE(ends_soon(grandchild.get()));
}

TEST(RunCommand, CollectsBothStreams) {
  EXPECT_EQ(output_of(shell("echo out; echo err >&2; echo end")), "out\nerr\nend\n");
}

TEST(RunCommand, KeepsTheLimitAndDropsTheRest) {
  ForkingLauncher launcher;
  const auto result = run_command(launcher, shell("head -c 1000000 /dev/zero; exit 3"), soon(), 1000);
  EXPECT_EQ(result->output, std::string(1000, '\0'));
  EXPECT_EQ(result->status.code, 3);
  EXPECT_FALSE(result->timed_out);
}

TEST(RunCommand, EndsAtTheDeadline) {
  ForkingLauncher launcher;
  const Deadline deadline = Deadline::after(SteadyClock().now(), milliseconds(50));
  const auto result = run_command(launcher, shell("echo before; exec sleep 1000"), deadline);
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->status.signal, SIGTERM);
}

TEST(RunCommand, DoesNotWaitForWhatTheCommandLeavesBehind) {
  EXPECT_EQ(output_of(shell("sleep 1000 & echo left")), "left\n");
}

TEST(RunCommand, WaitsForACommandThatClosesItsOutput) {
  ForkingLauncher launcher;
  const auto result = run_command(launcher, shell("echo x; exec >&- 2>&-; sleep 0.01; exit 5"), soon());
  EXPECT_EQ(result->status.code, 5);
  EXPECT_EQ(result->output, "x\n");
}

}  // namespace
}  // namespace bootrig
