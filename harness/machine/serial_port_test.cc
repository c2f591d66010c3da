#include "machine/serial_port.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>

#include "base/check.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

// A pseudo terminal as a port: it takes every speed, and counts nothing.
class SerialPortTest : public ::testing::Test {
 protected:
  SerialPortTest() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    std::array<char, 64> path{};
    CHECK(::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0 &&
          ::ptsname_r(master_.get(), path.data(), path.size()) == 0);
    path_ = path.data();
  }

  ScopedFd master_;
  std::string path_;
};

TEST_F(SerialPortTest, IsOursAloneForRootToo) {
  auto first = open_serial_port(path_, 1500000);
  ASSERT_TRUE(first) << to_text(first.error());
  const auto second = open_serial_port(path_, 1500000);
  ASSERT_FALSE(second);
  EXPECT_EQ(to_text(second.error()), "another program has it");
  first->reset();
  EXPECT_TRUE(open_serial_port(path_, 123456));
}

TEST_F(SerialPortTest, TerminalIsShared) {
  const auto first = open_terminal(path_), second = open_terminal(path_);
  EXPECT_TRUE(first && second);
}

TEST_F(SerialPortTest, CountsNothingWhereThereAreNoCounters) {
  const auto port = open_serial_port(path_, 115200);
  ASSERT_TRUE(port);
  EXPECT_EQ(describe_port_errors({}, port_errors(port->get()), 115200), "");
}

TEST(SerialPort, SpeedThatTheDriverDoesNotTake) {
  EXPECT_EQ(describe_speed(12000000, 9600), "it cannot do 12000000 baud; its driver takes 9600 instead");
  EXPECT_EQ(describe_speed(115200, 0), "it cannot do 115200 baud; its driver takes 0 instead");
  EXPECT_EQ(describe_speed(115200, 111111), "it cannot do 115200 baud; its driver takes 111111 instead");
  EXPECT_EQ(describe_speed(115200, 115384), "");
  EXPECT_EQ(describe_speed(115200, 115200), "");
}

TEST(SerialPort, PortsThatThereAre) {
  const TestFolder folder;
  EXPECT_EQ(describe_ports(folder.path()), "this host has no port of a USB adapter");
  EXPECT_EQ(describe_ports(folder.path() / "none"), "this host has no port of a USB adapter");
  const std::string devices = folder.path().string();
  for (const char* name : {"ttyUSB1", "tty1", "ttyACM0"}) ASSERT_TRUE(write_file(folder.path() / name, ""));
  EXPECT_EQ(describe_ports(folder.path()), "this host has " + devices + "/ttyACM0 and " + devices + "/ttyUSB1");
  ASSERT_TRUE(write_file(folder.path() / "ttyUSB0", ""));
  EXPECT_EQ(describe_ports(folder.path()),
            "this host has " + devices + "/ttyACM0, " + devices + "/ttyUSB0 and " + devices + "/ttyUSB1");
}

TEST(SerialPort, ErrorsThatTheDriverCounted) {
  const PortErrors before{.framing = 2, .parity = 1, .overruns = 3};
  EXPECT_EQ(describe_port_errors(before, before, 115200), "");
  EXPECT_EQ(
      describe_port_errors(before, {.framing = 314, .parity = 2, .overruns = 3}, 115200),
      "the port's driver counted 312 framing errors and 1 parity error: is the board's UART at 115200 baud, 8N1?");
  EXPECT_EQ(describe_port_errors(before, {.framing = 2, .parity = 1, .overruns = 4}, 1500000),
            "the port's driver counted 1 overrun: bytes were lost");
}

}  // namespace
}  // namespace bootrig
