// SerialLine: our end of a board's console: a serial port, a pseudo terminal, a raw TCP port, or a program whose terminal
// is the console. It moves bytes and says how it was cut; what they mean is the board's business.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "machine/serial_port.h"
#include "process/launcher.h"
#include "spec/board.h"

namespace bootrig {

class SerialLine {
 public:
  // Connects by the deadline. Errors name the line, and what to do about it where that is known.
  static Result<SerialLine> open(const BoardSerial& serial, ProcessLauncher& launcher, Deadline deadline);

  int descriptor() const { return fd_.get(); }  // to poll
  const std::string& name() const { return name_; }
  // What is there, at most 64 KiB, without waiting; empty: nothing yet, or it is cut.
  std::string read();
  // How many bytes were taken, without waiting.
  std::size_t write(std::string_view bytes);
  Result<void> send_break();
  // Drops what has come.
  void drain();
  // What the driver of a serial port has counted since it was opened, as a sentence; empty: nothing, or it is none.
  std::string errors() const;
  // Why nothing will ever come again; empty: the line stands.
  const std::string& cut() const { return cut_; }

 private:
  Result<void> open_tty(const std::string& path, unsigned baud);
  Result<void> connect_tcp(const BoardSerial& serial, Deadline deadline);
  Result<void> start_command(const BoardSerial& serial, ProcessLauncher& launcher);
  void note_cut(const std::string& why);

  std::string name_;
  ScopedFd fd_;
  bool is_tty_ = false;
  unsigned baud_ = 0;  // of a serial port; else 0
  PortErrors errors_before_;
  std::unique_ptr<ChildProcess> program_;
  ScopedFd program_errors_;  // a file in memory
  std::string cut_;
};

}  // namespace bootrig
