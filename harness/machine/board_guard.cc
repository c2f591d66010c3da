#include "machine/board_guard.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

namespace bootrig {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReady = 30s;
// A guard that does not answer so long after its command's time limit is none: it was stopped, or the host stands still.
constexpr Duration kAnswer = 30s;
constexpr Duration kFarewell = 5s;

Result<CommandResult> as_result(const GuardRequest& request, GuardAnswer answer) {
  if (answer.error != 0) {
    return fail(request.run.words[0], fmt::format("cannot start: {}", std::strerror(answer.error)));
  }
  CommandResult result{.timed_out = answer.timed_out, .output = std::move(answer.output)};
  result.status.code = answer.code;
  result.status.signal = answer.signal;
  return result;
}

bool send_packet(int socket, std::string_view packet) {
  return ::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet.size());
}

}  // namespace

BoardGuard::BoardGuard(ScopedFd socket, std::unique_ptr<ChildProcess> process)
    : socket_(std::move(socket)), process_(std::move(process)) {}

Result<BoardGuard> BoardGuard::start(ProcessLauncher& launcher, const std::filesystem::path& program,
                                     const std::string& board, int lock) {
  if (std::error_code error; !std::filesystem::exists(program, error)) {
    return fail(
        fmt::format("cannot start its guard: there is no {}; bootrig's folder 'agent' belongs beside the program",
                    program.string()));
  }
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(fmt::format("cannot make a socket for its guard: {}", std::strerror(errno)));
  }
  ScopedFd ours(ends[0]);
  ScopedFd its(ends[1]);
  auto process = launcher.launch(
      {.argv = {program.string(), "guard", board}, .inherited = {{its.get(), kGuardSocket}, {lock, kGuardLock}}});
  if (!process) return fail(fmt::format("cannot start its guard: {}", to_text(process.error())));
  its.reset();
  BoardGuard guard(std::move(ours), std::move(*process));
  if (!guard.answer(kReady)) return fail("its guard does not come up");
  return guard;
}

BoardGuard::~BoardGuard() {
  if (process_ && send_packet(socket_.get(), kGuardFarewell)) {
    (void)process_->wait(Deadline::after(SteadyClock().now(), kFarewell));
  }
}

std::optional<Result<CommandResult>> BoardGuard::run(const GuardRequest& request) {
  if (!socket_.valid() || !send_packet(socket_.get(), to_packet(request))) return std::nullopt;
  auto end = answer(std::chrono::milliseconds(request.run.timeout_ms) + kAnswer);
  if (end) return as_result(request, std::move(*end));
  process_->signal(SIGKILL);  // its command dies with it
  socket_.reset();
  return std::nullopt;
}

std::optional<GuardAnswer> BoardGuard::answer(Duration limit) {
  const SteadyClock clock;
  const Deadline deadline = Deadline::after(clock.now(), limit);
  while (!deadline.passed(clock.now())) {
    pollfd watched{socket_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining(clock.now()));
    if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
    std::string packet(2 * kGuardOutputMax, '\0');
    const ssize_t count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
    return count > 0 ? guard_answer(std::string_view(packet).substr(0, static_cast<std::size_t>(count))) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace bootrig
