#include "process/child.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace bootrig {
namespace {

Duration to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// The second field of a schedstat file: nanoseconds on a run queue
// (Documentation/scheduler/sched-stats.rst).
Duration run_queue_time(const std::filesystem::path& schedstat) {
  const auto text = read_file(schedstat);
  if (!text) return Duration::zero();  // the thread has ended, or the kernel keeps no account
  const auto fields = split(*text, ' ');
  const auto waited = fields.size() < 2 ? Result<std::uint64_t>(0) : parse_count(fields[1]);
  return Duration(waited.value_or(0));
}

// Waits until the descriptor is readable; false: not by the deadline.
bool wait_readable(int descriptor, Deadline deadline) {
  for (;;) {
    pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
    const Duration left = deadline.remaining(SteadyClock().now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const int ready = ::ppoll(&watched, 1, deadline.is_never() ? nullptr : &timeout, nullptr);
    if (ready > 0) return true;
    if (ready == 0) return false;
    CHECK(errno == EINTR);
  }
}

class PidfdChild final : public ChildProcess {
 public:
  PidfdChild(pid_t pid, ScopedFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  ~PidfdChild() override {
    signal(SIGKILL);
    wait(Deadline::never());
  }

  pid_t pid() const override { return pid_; }
  int pidfd() const override { return pidfd_.get(); }

  std::optional<ExitStatus> wait(Deadline deadline) override {
    if (!status_ && wait_readable(pidfd_.get(), deadline)) reap();
    return status_;
  }

  // To the whole group. Safe: until it is reaped, nobody else can have its number.
  void signal(int number) override {
    if (!status_) ::kill(-pid_, number);
  }

  ExitStatus terminate(Duration grace) override {
    signal(SIGTERM);
    if (!wait(Deadline::after(SteadyClock().now(), grace))) signal(SIGKILL);
    return *wait(Deadline::never());
  }

  Duration starved() const override {
    Duration most{0};
    if (status_) return most;
    std::error_code error;
    const std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", pid_), error);
    for (auto thread = begin(threads); !error && thread != end(threads); thread.increment(error)) {
      most = std::max(most, run_queue_time(thread->path() / "schedstat"));
    }
    return most;
  }

 private:
  // The child is a zombie: its number still names its group alone.
  void reap() {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    rusage usage{};
    pid_t reaped = -1;
    do {
      reaped = ::wait4(pid_, &status, 0, &usage);
    } while (reaped < 0 && errno == EINTR);
    CHECK(reaped == pid_);
    status_ = ExitStatus{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                         .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                         .cpu_time = to_duration(usage.ru_utime) + to_duration(usage.ru_stime)};
  }

  pid_t pid_;
  ScopedFd pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace

std::string ExitStatus::to_text() const {
  if (!lost.empty()) return lost;
  if (signal == 0) return fmt::format("exit status {}", code);
  const char* description = ::sigdescr_np(signal);
  return fmt::format("signal {} ({})", signal, description == nullptr ? "unknown" : description);
}

ScopedFd open_pidfd(pid_t pid) {
  return ScopedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

Result<std::unique_ptr<ChildProcess>> adopt_child(pid_t pid) {
  ScopedFd pidfd = open_pidfd(pid);
  if (!pidfd.valid()) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(std::strerror(error));
  }
  return std::make_unique<PidfdChild>(pid, std::move(pidfd));
}

}  // namespace bootrig
