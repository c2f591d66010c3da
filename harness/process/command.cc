#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "process/launcher.h"

namespace bootrig {
namespace {

// How long a tool that ran out of time has to put its own children away.
constexpr Duration kGrace = std::chrono::seconds(1);

enum class Read { kBytes, kNothingYet, kEnd };

// One read. Beyond the limit bytes are dropped, so that the writer never blocks.
Read read_some(int descriptor, std::size_t limit, std::string& output) {
  std::array<char, 65536> chunk;
  const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR ? Read::kNothingYet : Read::kEnd;
  if (count == 0) return Read::kEnd;
  output.append(chunk.data(), std::min(static_cast<std::size_t>(count), limit - output.size()));
  return Read::kBytes;
}

// False: the deadline passed.
bool wait_for_any(int output, int pidfd, Deadline deadline, bool& ended) {
  std::array<pollfd, 2> watched{{{output, POLLIN, 0}, {pidfd, POLLIN, 0}}};
  const Duration left = deadline.remaining(SteadyClock().now());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  const int ready = ::ppoll(watched.data(), watched.size(), deadline.is_never() ? nullptr : &timeout, nullptr);
  CHECK(ready >= 0 || errno == EINTR);
  ended = ready > 0 && watched[1].revents != 0;
  return ready != 0;
}

}  // namespace

Result<CommandResult> run_command(ProcessLauncher& launcher, LaunchSpec spec, Deadline deadline, std::size_t limit) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(spec.argv[0], fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  const ScopedFd reading(ends[0]);
  ScopedFd writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  spec.output = spec.errors = writing.get();
  BOOTRIG_TRY(const auto child, launcher.launch(spec));
  writing.reset();

  CommandResult result;
  bool end_of_output = false;
  bool ended = false;
  while (!end_of_output && !ended && !result.timed_out) {
    result.timed_out = !wait_for_any(reading.get(), child->pidfd(), deadline, ended);
    end_of_output = read_some(reading.get(), limit, result.output) == Read::kEnd;
  }
  // The child may close its output and go on, or end and leave the pipe to others: reaping it kills
  // those.
  auto status = result.timed_out ? std::nullopt : child->wait(deadline);
  result.timed_out = !status;
  result.status = status ? *status : child->terminate(kGrace);
  while (!end_of_output) end_of_output = read_some(reading.get(), limit, result.output) != Read::kBytes;
  return result;
}

}  // namespace bootrig
