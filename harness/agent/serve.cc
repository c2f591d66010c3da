#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/child.h"
#include "agent/link.h"
#include "agent/program.h"

namespace bootrig {
namespace {

constexpr std::size_t kCommandMax = std::size_t{1} << 20;
// Until the command line is whole, nobody has said how long a silence may be.
constexpr std::uint64_t kFirstPatienceMs = 60'000;

// As ChildProcess::starved() (process/launcher.h) tells it of a process here.
std::uint64_t starved_ns(pid_t pid) {
  std::uint64_t most = 0;
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", error);
  for (auto thread = begin(threads); !error && thread != end(threads); thread.increment(error)) {
    std::ifstream file(thread->path() / "schedstat");
    std::uint64_t on_processor = 0;
    std::uint64_t waited = 0;
    if (file >> on_processor >> waited) most = std::max(most, waited);
  }
  return most;
}

// One program, from its command line to its last byte.
class Server {
 public:
  int run() {
    while (!over()) {
      const bool linked = link_.round(kHeartbeatMs, pidfd_, [this](const Frame& frame) { take(frame); });
      if (!linked || refused_ || is_silent()) break;
      beat();
      look_for_end();
    }
    kill_program();
    return over() && !refused_ ? 0 : 1;
  }

 private:
  // Everything it said is on its way, and how it ended.
  bool over() const { return told_end_ && link_.sent_all(); }

  bool is_silent() const { return monotonic_now() - link_.heard_at() > patience_ms_ * kNsPerMs; }

  void take(const Frame& frame) {
    if (frame.type == FrameType::kWords && command_.size() < kCommandMax) command_ += frame.payload;
    if (frame.type != FrameType::kStart || pid_ > 0 || refused_) return;
    patience_ms_ = number_at(frame.payload, 0, 8);
    start();
  }

  std::vector<std::string> words() const {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < command_.size();) {
      const std::size_t end = std::min(command_.find('\0', begin), command_.size());
      words.push_back(command_.substr(begin, end - begin));
      begin = end + 1;
    }
    return words;
  }

  void start() {
    std::array<int, kChannelCount> near{};
    std::array<int, kChannelCount> far{};
    bool made = make_pipe(near[kErrors], far[kErrors]);
    for (const Channel channel : {kUart, kQmp, kGdb}) made = made && make_socket_pair(near[channel], far[channel]);
    const auto argv = words();
    const StartedChild child = made ? start_child(argv,
                                                  // qemu/arguments.h: kUartDescriptor, kQmpDescriptor, kGdbDescriptor
                                                  {{far[kErrors], 2}, {far[kUart], 3}, {far[kQmp], 4}, {far[kGdb], 5}},
                                                  /*own_group=*/true)
                                    : StartedChild{.error = errno};
    if (child.error != 0) return refuse((argv.empty() ? "" : argv[0] + ": ") + std::strerror(child.error));
    pid_ = child.pid;
    for (const int end : far) ::close(end);
    for (const Channel channel : {kUart, kQmp, kGdb, kErrors}) link_.open(channel, near[channel]);
    pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    link_.send(FrameType::kStarted, number_bytes(static_cast<std::uint64_t>(pid_), 4));
  }

  // The last words, written as far as the other side takes them.
  void refuse(const std::string& why) {
    refused_ = true;
    link_.send(FrameType::kRefused, why);
    while (!link_.sent_all() && link_.round(kHeartbeatMs, -1, [](const Frame&) {}) && !is_silent()) {
    }
  }

  void beat() {
    const std::uint64_t now = monotonic_now();
    if (now - beat_at_ < kHeartbeatMs * kNsPerMs) return;
    beat_at_ = now;
    link_.send(FrameType::kAlive, number_bytes(pid_ > 0 && !ended_ ? starved_ns(pid_) : 0, 8));
  }

  void look_for_end() {
    int status = 0;
    if (pid_ > 0 && !ended_ && ::wait4(pid_, &status, WNOHANG, &usage_) == pid_) {
      ended_ = true;
      ::kill(-pid_, SIGKILL);  // what it left behind in its group
      if (pidfd_ >= 0) ::close(pidfd_);
      pidfd_ = -1;
      status_ = status;
    }
    if (!ended_ || told_end_ || !link_.sources_dry()) return;
    told_end_ = true;
    const auto nanoseconds = [](const timeval& time) {
      return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_usec) * 1000;
    };
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
    const int signal = WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
    link_.send(FrameType::kExited, number_bytes(static_cast<std::uint32_t>(code), 4) +
                                       number_bytes(static_cast<std::uint32_t>(signal), 4) +
                                       number_bytes(nanoseconds(usage_.ru_utime) + nanoseconds(usage_.ru_stime), 8));
  }

  void kill_program() {
    if (pid_ <= 0 || ended_) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Link link_{STDIN_FILENO, STDOUT_FILENO, /*toward_session=*/false};
  std::string command_;
  std::uint64_t patience_ms_ = kFirstPatienceMs;
  std::uint64_t beat_at_ = 0;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  bool refused_ = false;
  bool ended_ = false;
  bool told_end_ = false;
  int status_ = 0;
  rusage usage_{};
};

}  // namespace

int serve() {
  return Server().run();
}

}  // namespace bootrig
