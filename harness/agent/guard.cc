#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "agent/child.h"
#include "agent/guard_packet.h"
#include "agent/link.h"
#include "agent/program.h"

namespace bootrig {
namespace {

// How long a command that ran out of time has to put its own children away.
constexpr std::uint64_t kGraceMs = 1000;
constexpr std::uint64_t kOneTryMs = kGraceMs + 4000;  // beside its time limit
constexpr std::size_t kPacketMax = std::size_t{256} << 10;

std::string in_words(const GuardAnswer& end) {
  if (end.error != 0) return std::string("cannot start: ") + std::strerror(end.error);
  if (end.timed_out) return "did not end in time";
  if (end.signal != 0) return "ended by signal " + std::to_string(end.signal);
  return "ended with exit status " + std::to_string(end.code);
}

// The program alone: everybody can read the lock file, and its arguments may hold a password.
std::string in_quotes(const GuardCommand& command) {
  return "'" + command.words[0] + "'";
}

bool succeeded(const GuardAnswer& end) {
  return end.error == 0 && !end.timed_out && end.code == 0;
}

class Guard {
 public:
  int run() {
    if (!settle()) return 1;
    answer({});
    for (std::string packet; receive(packet);) {
      if (packet == kGuardFarewell) return 0;
      const auto request = guard_request(packet);
      if (!request) return 2;
      const GuardAnswer end = run_command(request->run);
      if (succeeded(end)) remember(request->undo);
      answer(end);
    }
    put_away();
    return 0;
  }

 private:
  // Out of reach of what ends bootrig: its death, its terminal, its process group.
  static bool settle() {
    ::prctl(PR_SET_PDEATHSIG, 0);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(number, SIG_IGN);
    for (const int descriptor : {kGuardSocket, kGuardLock}) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    // Who leads a group cannot begin a session; so it joins bootrig's first.
    return ::setpgid(0, ::getpgid(::getppid())) == 0 && ::setsid() > 0;
  }

  // False: bootrig is gone.
  static bool receive(std::string& packet) {
    packet.resize(kPacketMax);
    ssize_t count = 0;
    do {
      count = ::recv(kGuardSocket, packet.data(), packet.size(), 0);
    } while (count < 0 && errno == EINTR);
    packet.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return count > 0;
  }

  static void answer(const GuardAnswer& end) {
    const std::string packet = to_packet(end);
    (void)!::send(kGuardSocket, packet.data(), packet.size(), MSG_NOSIGNAL);  // nobody there: receive() tells
  }

  // What is done last is undone first.
  void remember(const GuardCommand& undo) {
    const auto known = std::ranges::find(undo_, undo.words, &GuardCommand::words);
    if (!undo.words.empty() && known == undo_.end()) undo_.insert(undo_.begin(), undo);
  }

  GuardAnswer run_command(const GuardCommand& command) {
    int reading = -1;
    int writing = -1;
    if (!make_pipe(reading, writing)) return {.error = errno};
    const StartedChild child = start_child(command.words, {{writing, 1}, {writing, 2}}, /*own_group=*/true);
    ::close(writing);
    set_nonblocking(reading);
    GuardAnswer end{.error = child.error};
    if (child.error == 0) {
      const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
      wait(command, child.pid, pidfd, reading, end);
      ::close(pidfd);
    }
    ::close(reading);
    return end;
  }

  void wait(const GuardCommand& command, pid_t pid, int pidfd, int& reading, GuardAnswer& end) {
    std::uint64_t until = monotonic_now() + command.timeout_ms * kNsPerMs;
    for (int signal = SIGTERM; !follow(command, pidfd, reading, until, end); signal = SIGKILL) {
      end.timed_out = true;
      ::kill(-pid, signal);
      until = signal == SIGKILL ? ~std::uint64_t{0} : monotonic_now() + kGraceMs * kNsPerMs;
    }
    // It is a zombie: its number still names its group alone. What it left behind there goes with it.
    ::kill(-pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    read_output(reading, end.output);
  }

  // Until the command has ended; false: not in time.
  bool follow(const GuardCommand& command, int pidfd, int& reading, std::uint64_t until, GuardAnswer& end) {
    for (;;) {
      const std::uint64_t now = monotonic_now();
      if (now >= until) return false;
      std::array<pollfd, 3> watched{{{pidfd, POLLIN, 0}, {reading, POLLIN, 0}, {alone_ ? -1 : kGuardSocket, 0, 0}}};
      const int left_ms = static_cast<int>(std::min<std::uint64_t>((until - now) / kNsPerMs + 1, 60'000));
      if (::poll(watched.data(), watched.size(), left_ms) <= 0) continue;
      if ((watched[2].revents & POLLHUP) != 0) be_alone("waits for " + in_quotes(command) + " to end");
      if (watched[1].revents != 0 && !read_output(reading, end.output)) {
        ::close(reading);
        reading = -1;
      }
      if (watched[0].revents != 0) return true;
    }
  }

  // What is there; false: there will be no more.
  static bool read_output(int descriptor, std::string& output) {
    std::array<char, 4096> bytes;
    for (;;) {
      const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
      if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
      output.append(bytes.data(), std::min(static_cast<std::size_t>(count), kGuardOutputMax - output.size()));
    }
  }

  // Bootrig is gone. From now on the lock file says so, and what its guard does.
  void be_alone(const std::string& doing) {
    alone_ = true;
    if (holder_.empty()) {
      std::array<char, 1024> text;
      const ssize_t count = ::pread(kGuardLock, text.data(), text.size(), 0);
      holder_.assign(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
      if (!holder_.ends_with('\n')) holder_ += '\n';
    }
    const std::string text = holder_ + "its guard " + doing + "\n";
    (void)!::ftruncate(kGuardLock, 0);
    (void)!::pwrite(kGuardLock, text.data(), text.size(), 0);
  }

  void put_away() {
    set_alarm();
    std::string failures;
    for (const GuardCommand& command : undo_) {
      be_alone("is " + command.doing + failures);
      GuardAnswer end;
      for (std::uint64_t i = 0; i < command.tries && (i == 0 || !succeeded(end)); ++i) end = run_command(command);
      if (!succeeded(end)) failures += "; failed at " + command.doing + ": " + in_quotes(command) + " " + in_words(end);
    }
    if (failures.empty())
      (void)!::ftruncate(kGuardLock, 0);
    else
      be_alone(failures.substr(2));
  }

  // Whatever happens, a command that cannot be killed included: the lock is free after that.
  void set_alarm() const {
    std::uint64_t most_ms = kOneTryMs;
    for (const GuardCommand& command : undo_) most_ms += command.tries * (command.timeout_ms + kOneTryMs);
    ::alarm(static_cast<unsigned>(most_ms / 1000));
  }

  std::vector<GuardCommand> undo_;
  std::string holder_;  // what bootrig wrote into the lock file
  bool alone_ = false;
};

}  // namespace

int guard() {
  return Guard().run();
}

}  // namespace bootrig
