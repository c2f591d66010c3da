// ExceptionLog: what QEMU itself writes of the exceptions that its CPUs take (-d int of TCG; QEMU 7.2,
// target/arm/helper.c, arm_log_exception and arm_cpu_do_interrupt). It is what the CPU did, whatever the guest says.
// Bytes in, records out; any bytes: what is no such line is kept as text and means nothing.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

// The descriptor that QEMU finds its log at.
inline constexpr int kLogDescriptor = 6;
// Of a command line: exceptions, and what the guest does against the rules, go to that descriptor.
std::vector<std::string> exception_log_arguments();

struct LoggedException {
  unsigned number = 0;  // QEMU's own (target/arm/cpu.h, EXCP_*)
  std::string kind;     // "Data Abort"
  unsigned cpu = 0;
  std::optional<unsigned> from, to;  // exception levels
  std::optional<std::uint64_t> esr, far, elr;
  std::optional<std::uint64_t> vector;  // where it went on
};

// "Data Abort from EL0 to EL2 on CPU 0: ESR 0x..., FAR 0x..., ELR 0x..."
std::string to_text(const LoggedException& exception);

class ExceptionLog {
 public:
  static constexpr std::size_t kHeadMax = 1000;  // records of either end that are kept
  static constexpr std::size_t kTailMax = 200;
  static constexpr std::size_t kTextMax = std::size_t{128} << 10;  // bytes of either end

  // The next piece, however it is split.
  void feed(std::string_view bytes);

  // Exceptions that are neither calls of a lower level nor interrupts, in order: the first ones and the last ones.
  std::vector<LoggedException> exceptions() const;
  std::uint64_t taken() const { return taken_; }        // of any kind
  std::uint64_t bytes() const { return bytes_; }        // fed
  std::uint64_t left_out() const { return left_out_; }  // exceptions between the first ones and the last ones
  // As QEMU wrote it: the begin and the end, and between them how much is left out.
  std::string text() const;

 private:
  void read_line(std::string_view line);
  void begin(std::string_view line);
  void end_record();
  void keep_text(std::string_view bytes);

  std::string line_;  // unfinished, bounded
  bool skip_line_ = false;
  std::optional<LoggedException> current_;
  unsigned torn_ = 0;  // records that two CPUs wrote at once: whose a line is cannot be told
  std::vector<LoggedException> head_;
  std::deque<LoggedException> tail_;
  std::uint64_t taken_ = 0, bytes_ = 0, left_out_ = 0;
  std::string head_text_, tail_text_;
};

}  // namespace bootrig
