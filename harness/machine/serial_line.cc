#include "machine/serial_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "machine/serial_port.h"

namespace bootrig {
namespace {

constexpr std::size_t kLineReadSize = std::size_t{64} << 10;
constexpr std::size_t kDrainMax = std::size_t{1} << 20;

// Within the deadline, or why not.
std::string connect_within(int fd, const addrinfo& address, Deadline deadline) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd watched{fd, POLLOUT, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining(SteadyClock().now()));
  if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) return "no answer in time";
  int trouble = 0;
  socklen_t size = sizeof(trouble);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &size);
  return trouble == 0 ? "" : std::strerror(trouble);
}

// So that a host that vanished is noticed within half a minute.
void keep_alive(int fd) {
  const int on = 1, idle = 10, between = 5, times = 4;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

Result<SerialLine> SerialLine::open(const BoardSerial& serial, ProcessLauncher& launcher, Deadline deadline) {
  SerialLine line;
  line.name_ = to_text(serial);
  Result<void> opened;
  if (!serial.device.empty()) {
    opened = line.open_tty(serial.device, serial.baud);
  } else if (!serial.pty.empty()) {
    opened = line.open_tty(serial.pty, 0);
  } else if (!serial.command.empty()) {
    opened = line.start_command(serial, launcher);
  } else {
    opened = line.connect_tcp(serial, deadline);
  }
  if (!opened) return fail(fmt::format("cannot open the line {}: {}", line.name_, to_text(opened.error())));
  return line;
}

Result<void> SerialLine::open_tty(const std::string& path, unsigned baud) {
  BOOTRIG_TRY(fd_, baud == 0 ? open_terminal(path) : open_serial_port(path, baud));
  baud_ = baud;
  is_tty_ = true;
  errors_before_ = port_errors(fd_.get());
  return {};
}

Result<void> SerialLine::connect_tcp(const BoardSerial& serial, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(serial.tcp_host.c_str(), serial.tcp_port.c_str(), &hints, &found);
  if (status != 0) return fail(::gai_strerror(status));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  std::string trouble = "it has no address";
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    fd_.reset(::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    trouble = fd_.valid() ? connect_within(fd_.get(), *one, deadline) : std::strerror(errno);
    if (trouble.empty()) break;
  }
  if (!trouble.empty()) return fail(trouble);
  keep_alive(fd_.get());
  return {};
}

// On a terminal of its own, since programs for consoles ask for one.
Result<void> SerialLine::start_command(const BoardSerial& serial, ProcessLauncher& launcher) {
  fd_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  std::array<char, 64> path{};
  if (!fd_.valid() || ::grantpt(fd_.get()) != 0 || ::unlockpt(fd_.get()) != 0 ||
      ::ptsname_r(fd_.get(), path.data(), path.size()) != 0) {
    return fail(fmt::format("no terminal for it: {}", std::strerror(errno)));
  }
  const ScopedFd theirs(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  program_errors_.reset(::memfd_create("errors", MFD_CLOEXEC));
  if (!theirs.valid() || !make_raw(theirs.get())) {
    return fail(fmt::format("no terminal for it: {}", std::strerror(errno)));
  }
  BOOTRIG_TRY(
      program_,
      launcher.launch(
          {.argv = serial.command, .input = theirs.get(), .output = theirs.get(), .errors = program_errors_.get()}));
  return {};
}

std::string SerialLine::read() {
  if (!cut_.empty()) return {};
  std::string bytes(kLineReadSize, '\0');
  const ssize_t count = ::read(fd_.get(), bytes.data(), bytes.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (count <= 0) {
    // A terminal whose other end is closed gives EIO, one that was unplugged its end.
    note_cut(count < 0 && errno != EIO ? std::strerror(errno)
             : baud_ != 0              ? "its port is gone, as when an adapter is unplugged"
                                       : "its other end was closed");
    return {};
  }
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

void SerialLine::note_cut(const std::string& why) {
  cut_ = fmt::format("the line {} was cut: {}", name_, why);
  fd_.reset();
  if (!program_errors_.valid()) return;
  std::string said(kLineReadSize, '\0');
  const ssize_t count = ::pread(program_errors_.get(), said.data(), said.size(), 0);
  said.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (!trim(said).empty()) cut_ += fmt::format("; its program says '{}'", printable(split_lines(trim(said)).back()));
}

std::size_t SerialLine::write(std::string_view bytes) {
  if (!cut_.empty()) return 0;
  const ssize_t count = is_tty_ || program_ ? ::write(fd_.get(), bytes.data(), bytes.size())
                                            : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  // A line that is cut is found by the next read.
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

Result<void> SerialLine::send_break() {
  if (!is_tty_) return fail(fmt::format("the line {} carries no BREAK; a serial port of this host does", name_));
  if (!bootrig::send_break(fd_.get())) return fail(fmt::format("no BREAK was sent: {}", std::strerror(errno)));
  return {};
}

std::string SerialLine::errors() const {
  return is_tty_ && cut_.empty() ? describe_port_errors(errors_before_, port_errors(fd_.get()), baud_) : "";
}

void SerialLine::drain() {
  if (is_tty_) drop_input(fd_.get());
  for (std::size_t dropped = 0; dropped < kDrainMax;) {
    const std::size_t count = read().size();
    if (count == 0) break;
    dropped += count;
  }
}

}  // namespace bootrig
