// A serial port of this host: how it is opened and set, and what its driver counts. The one place that knows Linux's
// calls for terminals (ioctl_tty(2)); machine/serial_line.h moves the bytes.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace bootrig {

// Opens a terminal for bytes as they are: 8N1, no flow control, modem lines ignored.
Result<ScopedFd> open_terminal(const std::string& path);
// The same at this speed, and for us alone until it is closed. Errors say what to do about it where that is known.
Result<ScopedFd> open_serial_port(const std::string& path, unsigned baud);
// Of a terminal that is open; false: refused, as errno says.
bool make_raw(int fd);
bool send_break(int fd);
// What has come and was not read.
void drop_input(int fd);

// Why a port whose driver has set `taken` baud will not do for `baud`; empty: it will.
std::string describe_speed(unsigned baud, unsigned taken);
// "this host has /dev/ttyUSB0 and /dev/ttyACM1", of the ports of USB adapters in a folder of devices.
std::string describe_ports(const std::filesystem::path& devices);

// What a port's driver has counted since it found the port (struct serial_icounter_struct).
struct PortErrors {
  unsigned framing = 0, parity = 0, overruns = 0;
};
// All 0 where a terminal counts nothing.
PortErrors port_errors(int fd);
// "its driver counted 312 framing errors: ..."; empty: no more than before.
std::string describe_port_errors(const PortErrors& before, const PortErrors& now, unsigned baud);

}  // namespace bootrig
