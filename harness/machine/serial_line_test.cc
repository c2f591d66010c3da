#include "machine/serial_line.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

class SerialLineTest : public ::testing::Test {
 protected:
  Result<SerialLine> open(const BoardSerial& serial) {
    return SerialLine::open(serial, launcher_, Deadline::after(clock_.now(), 5s));
  }
  // So many bytes, or until it is cut.
  static std::string read(SerialLine& line, std::size_t count) {
    std::string bytes;
    while (bytes.size() < count && line.cut().empty()) {
      pollfd watched{line.descriptor(), POLLIN, 0};
      if (::poll(&watched, 1, 5000) <= 0) break;
      bytes += line.read();
    }
    return bytes;
  }

  SteadyClock clock_;
  ForkingLauncher launcher_;
};

// On loopback, at a port that the kernel chooses.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    CHECK(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(socket_.get(), 1) == 0);
    CHECK(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  const std::string& port() const { return port_; }
  ScopedFd accept() const { return ScopedFd(::accept(socket_.get(), nullptr, nullptr)); }
  void close() { socket_.reset(); }

 private:
  ScopedFd socket_;
  std::string port_;
};

TEST_F(SerialLineTest, TcpBothWaysUntilItIsClosed) {
  Listener listener;
  auto line = open({.tcp_host = "127.0.0.1", .tcp_port = listener.port()});
  ASSERT_TRUE(line) << to_text(line.error());
  ScopedFd board = listener.accept();
  ASSERT_EQ(::write(board.get(), "a\0\xff\r", 4), 4);
  EXPECT_EQ(read(*line, 4), std::string("a\0\xff\r", 4));
  EXPECT_EQ(line->write("go\r"), 3u);
  char heard[3];
  ASSERT_EQ(::read(board.get(), heard, 3), 3);
  EXPECT_EQ(std::string(heard, 3), "go\r");
  EXPECT_FALSE(line->send_break());
  board.reset();
  EXPECT_EQ(read(*line, 1), "");
  EXPECT_EQ(line->cut(), "the line tcp:127.0.0.1:" + listener.port() + " was cut: its other end was closed");
  EXPECT_EQ(line->write("x"), 0u);
}

TEST_F(SerialLineTest, TcpThatNobodyListensOn) {
  Listener listener;
  listener.close();
  const auto line = open({.tcp_host = "127.0.0.1", .tcp_port = listener.port()});
  ASSERT_FALSE(line);
  EXPECT_EQ(to_text(line.error()), "cannot open the line tcp:127.0.0.1:" + listener.port() + ": Connection refused");
}

TEST_F(SerialLineTest, ProgramsTerminalIsRaw) {
  auto line = open({.command = {"cat"}});
  ASSERT_TRUE(line) << to_text(line.error());
  EXPECT_EQ(line->write("\x03\x04 a\r\x1a"), 6u);
  EXPECT_EQ(read(*line, 6), "\x03\x04 a\r\x1a");
}

TEST_F(SerialLineTest, ProgramThatEndsIsQuoted) {
  auto line = open({.command = {"sh", "-c", "echo place is taken >&2; exit 1"}});
  ASSERT_TRUE(line) << to_text(line.error());
  EXPECT_EQ(read(*line, 1), "");
  EXPECT_EQ(
      line->cut(),
      "the line command:sh -c echo place is taken >&2; exit 1 was cut: its other end was closed; its program says "
      "'place is taken'");
}

TEST_F(SerialLineTest, PortThatIsUnplugged) {
  ScopedFd other_end(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(::grantpt(other_end.get()) == 0 && ::unlockpt(other_end.get()) == 0);
  const std::string path = ::ptsname(other_end.get());
  auto line = open({.device = path, .baud = 460800});
  ASSERT_TRUE(line) << to_text(line.error());
  ASSERT_EQ(::write(other_end.get(), "up", 2), 2);
  EXPECT_EQ(read(*line, 2), "up");
  EXPECT_EQ(line->errors(), "");
  other_end.reset();
  EXPECT_EQ(read(*line, 1), "");
  EXPECT_EQ(line->cut(),
            "the line " + path + " at 460800 baud was cut: its port is gone, as when an adapter is unplugged");
  EXPECT_EQ(line->write("x"), 0u);
  EXPECT_EQ(line->errors(), "");
  EXPECT_EQ(to_text(open({.device = "/dev/ttyUSB-none"}).error())
                .find("cannot open the line /dev/ttyUSB-none at 115200 "
                      "baud: there is no such port; this host has "),
            0u);
}

TEST_F(SerialLineTest, RefusesWhatIsNoLine) {
  EXPECT_EQ(to_text(open({.device = "/dev/null"}).error()),
            "cannot open the line /dev/null at 115200 baud: it is no serial port");
  EXPECT_FALSE(open({.command = {"no-such-program-for-consoles"}}));
}

}  // namespace
}  // namespace bootrig
