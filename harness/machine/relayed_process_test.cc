// The relay and the agent against each other, without ssh between them, and a shell in the place of QEMU.
#include "machine/relayed_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/file.h"
#include "base/text.h"
#include "qemu/arguments.h"
#include "testing/paths.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

std::string agent() {
  utsname names{};
  ::uname(&names);
  return build_path(std::string("agent/") + names.machine);
}

std::pair<ScopedFd, ScopedFd> ends(int kind) {
  std::array<int, 2> two{-1, -1};
  const int made =
      kind == 0 ? ::pipe2(two.data(), O_CLOEXEC) : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two.data());
  EXPECT_EQ(made, 0);
  ::fcntl(two[0], F_SETFL, O_NONBLOCK);
  return {ScopedFd(two[0]), ScopedFd(two[1])};
}

// Of this host, in the place of another.
class FilesHere final : public FilesThere {
 public:
  Result<std::string> new_name() override { return folder_.path() / "made"; }
  Result<std::string> take(const std::string& name, std::size_t limit) override { return read_file(name, limit); }
  Result<void> forward(const std::filesystem::path& socket, const std::string& name) override {
    forwarded_ = socket.string() + " to " + name;
    return {};
  }

  TestFolder folder_;
  std::string forwarded_;
};

class Relayed : public testing::Test {
 protected:
  // `script`: what runs over there, with the descriptors of a QEMU. `way`: in the place of ssh.
  void start(const std::string& script, Words way = {}, int patience_ms = 5000) {
    start_program({"/bin/sh", "-c", script}, std::move(way), patience_ms);
  }
  void start_program(const Words& program, Words way, int patience_ms) {
    if (way.empty()) way = {agent(), "serve"};
    Words argv{agent(), "relay", std::to_string(patience_ms), std::to_string(way.size())};
    argv.insert(argv.end(), way.begin(), way.end());
    argv.insert(argv.end(), program.begin(), program.end());
    ScopedFd uart, qmp, gdb, errors;
    std::tie(uart_, uart) = ends(1);
    std::tie(qmp_, qmp) = ends(1);
    std::tie(gdb_, gdb) = ends(1);
    std::tie(errors_, errors) = ends(0);
    const LaunchSpec spec{
        .argv = argv,
        .errors = errors.get(),
        .inherited = {{uart.get(), kUartDescriptor}, {qmp.get(), kQmpDescriptor}, {gdb.get(), kGdbDescriptor}}};
    auto child = launch_relay(launcher_, spec, "host 'x'", files_);
    ASSERT_TRUE(child) << to_text(child.error());
    child_ = std::move(*child);
  }

  FilesHere files_;

  // Reads on until there are so many bytes, or the end, or 10 s have passed.
  static void read_to(const ScopedFd& descriptor, std::string& text, std::size_t size) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    std::array<char, 65536> bytes;
    while (text.size() < size && std::chrono::steady_clock::now() < until) {
      pollfd watched{descriptor.get(), POLLIN, 0};
      ::poll(&watched, 1, 1000);
      const ssize_t count = ::read(descriptor.get(), bytes.data(), bytes.size());
      if (count == 0 || (count < 0 && errno != EAGAIN)) return;
      if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  std::string all_of(const ScopedFd& descriptor) {
    std::string text;
    read_to(descriptor, text, ~std::size_t{0});
    return text;
  }
  // A number on a line of its own.
  pid_t number_on_console() {
    std::string text;
    while (text.find('\n') == std::string::npos) {
      const std::size_t before = text.size();
      read_to(uart_, text, before + 1);
      if (text.size() == before) break;
    }
    return static_cast<pid_t>(parse_count(trim(text)).value_or(0));
  }
  ExitStatus wait() {
    const auto status = child_->wait(Deadline::after(SteadyClock().now(), 20s));
    EXPECT_TRUE(status);
    return status.value_or(ExitStatus{});
  }
  // A process that is not there any more, or is a zombie that nobody has reaped yet.
  static bool is_gone(pid_t pid) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < until) {
      const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
      if (!stat || stat->find(") Z") != std::string::npos) return true;
      ::usleep(10'000);
    }
    return false;
  }
  // The agent: the parent of what runs over there.
  static pid_t parent_of(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
    return static_cast<pid_t>(parse_count(split(stat.substr(stat.rfind(')') + 2), ' ')[1]).value_or(0));
  }

  ForkingLauncher launcher_;
  ScopedFd uart_, qmp_, gdb_, errors_;
  std::unique_ptr<ChildProcess> child_;
};

TEST_F(Relayed, CarriesEveryDescriptorAndTheEnd) {
  start("read line <&3; echo got $line >&3; echo event >&4; echo stub >&5; echo trouble >&2; exit 7");
  ASSERT_EQ(::write(uart_.get(), "input\n", 6), 6);
  EXPECT_EQ(all_of(uart_), "got input\n");
  EXPECT_EQ(all_of(qmp_), "event\n");
  EXPECT_EQ(all_of(gdb_), "stub\n");
  EXPECT_EQ(all_of(errors_), "trouble\n");
  const ExitStatus status = wait();
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.lost, "");
  EXPECT_GT(status.cpu_time, Duration::zero());
}

TEST_F(Relayed, TellsTheSignalThatEndedIt) {
  start("kill -11 $$");
  EXPECT_EQ(wait().signal, 11);
}

TEST_F(Relayed, QmpComesAfterTheConsoleBytesBeforeIt) {
  constexpr std::size_t kBytes = 3'000'000;
  start("head -c 3000000 /dev/zero >&3; echo event >&4; sleep 1000");
  std::string console;
  pollfd qmp{qmp_.get(), POLLIN, 0};
  while (::poll(&qmp, 1, 0) == 0 && console.size() < kBytes) read_to(uart_, console, console.size() + 1);
  // The event may be waiting by now; what the guest said before it is in our socket or was read.
  std::string event;
  read_to(qmp_, event, 6);
  EXPECT_EQ(event, "event\n");
  std::array<char, 65536> bytes;
  for (ssize_t count = 0; (count = ::read(uart_.get(), bytes.data(), bytes.size())) > 0;) {
    console.append(bytes.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(console.size(), kBytes);
}

TEST_F(Relayed, AChannelThatNobodyReadsHoldsUpNoOther) {
  start("head -c 20000000 /dev/zero >&5 & echo hello >&3; sleep 1000");
  std::string console;
  read_to(uart_, console, 6);
  EXPECT_EQ(console, "hello\n");
}

TEST_F(Relayed, AProgramThatIsNotThereIsSaid) {
  start_program({"no-such-qemu"}, {}, 5000);
  EXPECT_EQ(all_of(errors_), "cannot start on the host: no-such-qemu: No such file or directory\n");
  EXPECT_EQ(wait().code, 127);
}

TEST_F(Relayed, AKilledRelayLeavesNothing) {
  start("echo $$ >&3; sleep 1000");
  const pid_t there = number_on_console();
  ASSERT_GT(there, 0);
  child_->signal(SIGKILL);
  EXPECT_EQ(wait().lost, "host 'x' was lost: the relay to it ended, signal 9 (Killed)");
  EXPECT_TRUE(is_gone(there));
}

TEST_F(Relayed, AKilledAgentTakesItsProgramAlong) {
  start("echo $$ >&3; sleep 1000");
  const pid_t there = number_on_console();
  ASSERT_GT(there, 0);
  ASSERT_EQ(::kill(parent_of(there), SIGKILL), 0);
  EXPECT_EQ(wait().lost, "host 'x' was lost: ssh was killed by signal 9");
  EXPECT_TRUE(is_gone(there));
}

TEST_F(Relayed, ASilentHostIsGivenUpAndItsSilenceIsNoTimeOfTheMachine) {
  start("echo $$ >&3; sleep 1000", {}, 1500);
  const pid_t there = number_on_console();
  ASSERT_GT(there, 0);
  const pid_t agent_there = parent_of(there);
  const Duration before = child_->starved();
  ASSERT_EQ(::kill(agent_there, SIGSTOP), 0);
  const TimePoint begin = SteadyClock().now();
  const ExitStatus status = wait();
  const Duration silence = SteadyClock().now() - begin;
  EXPECT_EQ(status.lost, "host 'x' was lost: nothing was heard of the host for 1.5 s");
  EXPECT_GT(child_->starved() - before, silence - 500ms);
  EXPECT_TRUE(is_gone(there));
}

// The agent over there, when it is this side that falls silent.
TEST_F(Relayed, TheAgentGivesASilentBootrigUp) {
  start("echo $$ >&3; sleep 1000", {}, 1000);
  const pid_t there = number_on_console();
  ASSERT_GT(there, 0);
  child_->signal(SIGSTOP);  // its group: the agent is in it here
  ASSERT_EQ(::kill(parent_of(there), SIGCONT), 0);
  EXPECT_TRUE(is_gone(there));
}

// Now and then an ssh ends before it has begun.
TEST_F(Relayed, AConnectionThatEndsAtOnceIsTriedAgain) {
  const TestFolder folder;
  const std::string mark = (folder.path() / "tried").string();
  const std::string way = "[ -e " + mark + " ] && exec " + agent() + " serve; touch " + mark + "; exit 255";
  start("read line <&4; echo got $line >&4", {"/bin/sh", "-c", way});
  // Said before there is anybody to hear it.
  ASSERT_EQ(::write(qmp_.get(), "input\n", 6), 6);
  EXPECT_EQ(all_of(qmp_), "got input\n");
  EXPECT_EQ(wait().code, 0);
}

TEST_F(Relayed, WhatSshSaysIsTold) {
  start("", {"/bin/sh", "-c", "echo 'lab: Permission denied (publickey).' >&2; exit 255"});
  EXPECT_EQ(wait().lost, "host 'x' was lost: ssh ended: lab: Permission denied (publickey).");
}

TEST_F(Relayed, ABannerIsNoAgent) {
  start("", {"/bin/sh", "-c", "echo Welcome to this machine; sleep 1000"});
  EXPECT_EQ(wait().lost, "host 'x' was lost: what came over ssh is not what bootrig's agent says");
}

TEST_F(Relayed, WritesItsFilesAndListensOverThere) {
  start("sleep 20");
  const auto taken = child_->take_file([](const std::string& path) { return write_file(path, "a tree"); }, 100);
  ASSERT_TRUE(taken) << to_text(taken.error());
  EXPECT_EQ(*taken, "a tree");
  EXPECT_FALSE(child_->take_file([](const std::string&) -> Result<void> { return fail("no"); }, 100));
  const std::string name = files_.new_name().value();
  EXPECT_EQ(child_->listen_for("/tmp/gdb"), name);
  EXPECT_EQ(files_.forwarded_, "/tmp/gdb to " + name);
}

}  // namespace
}  // namespace bootrig
