#include "machine/serial_port.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace bootrig {
namespace {

// As cfmakeraw(3). A speed of 0 is left alone. Linux's termios2 takes any speed (BOTHER).
bool set_up(int fd, unsigned baud) {
  termios2 settings{};
  if (::ioctl(fd, TCGETS2, &settings) != 0) return false;
  settings.c_iflag &= ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  settings.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB | CSTOPB | CRTSCTS);
  settings.c_cflag |= CS8 | CREAD | CLOCAL;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  if (baud != 0) {
    settings.c_cflag = (settings.c_cflag & ~static_cast<tcflag_t>(CBAUD | (CBAUD << IBSHIFT))) | BOTHER;
    settings.c_ispeed = settings.c_ospeed = baud;
  }
  return ::ioctl(fd, TCSETS2, &settings) == 0;
}

// A driver that cannot do a speed takes another and says nothing.
unsigned speed_of(int fd) {
  termios2 settings{};
  return ::ioctl(fd, TCGETS2, &settings) == 0 ? settings.c_ospeed : 0;
}

std::string open_trouble(int number) {
  if (number == EBUSY) return "another program has it";
  if (number == EACCES) return "permission denied; serial ports belong to the group dialout";
  return std::strerror(number);
}

std::string refused() {
  return fmt::format("its settings are refused: {}", std::strerror(errno));
}

Result<ScopedFd> open_at(const std::string& path) {
  ScopedFd fd(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return fail(open_trouble(errno));
  if (::isatty(fd.get()) == 0) return fail("it is no serial port");
  return fd;
}

std::string counted(unsigned count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

bool make_raw(int fd) {
  return set_up(fd, 0);
}

bool send_break(int fd) {
  return ::ioctl(fd, TCSBRK, 0) == 0;
}

void drop_input(int fd) {
  ::ioctl(fd, TCFLSH, TCIFLUSH);
}

Result<ScopedFd> open_terminal(const std::string& path) {
  auto fd = open_at(path);
  if (fd && !make_raw(fd->get())) return fail(refused());
  return fd;
}

Result<ScopedFd> open_serial_port(const std::string& path, unsigned baud) {
  if (std::error_code error; !std::filesystem::exists(path, error) && !error) {
    return fail("there is no such port; " + describe_ports("/dev"));
  }
  auto fd = open_at(path);
  if (!fd) return fd;
  // TIOCEXCL alone does not keep root out; the lock does, and those who lock a port as picocom and tio do.
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) return fail(open_trouble(errno == EWOULDBLOCK ? EBUSY : errno));
  if (!set_up(fd->get(), baud)) return fail(refused());
  if (const std::string why = describe_speed(baud, speed_of(fd->get())); !why.empty()) return fail(why);
  ::ioctl(fd->get(), TIOCEXCL);
  return fd;
}

// A receiver finds the last of a byte's ten bits while the ends differ by less than half a bit, 5 %. We may use half of it.
std::string describe_speed(unsigned baud, unsigned taken) {
  const unsigned off = baud > taken ? baud - taken : taken - baud;
  if (off <= baud / 40) return "";
  return fmt::format("it cannot do {} baud; its driver takes {} instead", baud, taken);
}

std::string describe_ports(const std::filesystem::path& devices) {
  std::vector<std::string> ports;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(devices, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("ttyUSB") || name.starts_with("ttyACM")) ports.push_back(entry.path().string());
  }
  if (ports.empty()) return "this host has no port of a USB adapter";
  std::ranges::sort(ports);
  std::string listed = ports.front();
  for (std::size_t i = 1; i < ports.size(); ++i) listed += (i + 1 == ports.size() ? " and " : ", ") + ports[i];
  return "this host has " + listed;
}

PortErrors port_errors(int fd) {
  serial_icounter_struct counts{};
  if (::ioctl(fd, TIOCGICOUNT, &counts) != 0) return {};
  return {.framing = static_cast<unsigned>(counts.frame),
          .parity = static_cast<unsigned>(counts.parity),
          .overruns = static_cast<unsigned>(counts.overrun) + static_cast<unsigned>(counts.buf_overrun)};
}

std::string describe_port_errors(const PortErrors& before, const PortErrors& now, unsigned baud) {
  const unsigned framing = now.framing - before.framing, parity = now.parity - before.parity;
  const unsigned overruns = now.overruns - before.overruns;
  if (framing != 0 || parity != 0) {
    return fmt::format("the port's driver counted {} and {}: is the board's UART at {} baud, 8N1?",
                       counted(framing, "framing error"), counted(parity, "parity error"), baud);
  }
  if (overruns != 0) return fmt::format("the port's driver counted {}: bytes were lost", counted(overruns, "overrun"));
  return "";
}

}  // namespace bootrig
