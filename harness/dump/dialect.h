// A dialect: one form of crash dump. It finds its headline in a line and makes a parser, which takes the lines that it
// knows. Everything else (other lines between, the next headline, the end of the transcript) is find_dumps' business.
#pragma once

#include <memory>
#include <string_view>

#include "dump/console_lines.h"
#include "dump/exception_record.h"
#include "dump/values.h"

namespace bootrig::dump {

enum class Taken { kNo, kYes, kLast };  // kLast: nothing of this dump can follow

class DumpParser {
 public:
  DumpParser() = default;
  DumpParser(const DumpParser&) = delete;
  DumpParser& operator=(const DumpParser&) = delete;
  virtual ~DumpParser() = default;

  // A line behind the headline, never an empty one.
  virtual Taken take(const ConsoleLine& line) = 0;
  // Whether all came that a record needs; otherwise it is cut off.
  virtual bool complete() const = 0;
  // Called once, at the end: brings the values into `record` and corrects what the dialect is known to get wrong.
  virtual void settle() = 0;

  ExceptionRecord record;  // headline, level, extra and corrections are filled on the way

 protected:
  Values values_;
};

// In bytes ("Caught vcpu "). Shorter lines are shown to no dialect: a console may hold nothing else, fifty million a time.
inline constexpr std::size_t kShortestHeadline = 12;

struct Headline {
  const ConsoleLine& line;
  std::string_view before;  // the transcript up to the line
};

struct Dialect {
  std::string_view name;
  // Nothing when the line is no headline of this dialect.
  std::unique_ptr<DumpParser> (*begin)(const Headline& headline);
  // So many lines of others may stand between two of a dump. More, and it is over.
  unsigned foreign_lines = 8;
};

std::unique_ptr<DumpParser> begin_bootrig_image(const Headline& headline);
std::unique_ptr<DumpParser> begin_edk2(const Headline& headline);
std::unique_ptr<DumpParser> begin_elfloader(const Headline& headline);
std::unique_ptr<DumpParser> begin_kvm_unit_tests(const Headline& headline);
std::unique_ptr<DumpParser> begin_linux(const Headline& headline);
std::unique_ptr<DumpParser> begin_microkit_loader(const Headline& headline);
std::unique_ptr<DumpParser> begin_microkit_monitor(const Headline& headline);
std::unique_ptr<DumpParser> begin_sel4_kernel(const Headline& headline);
std::unique_ptr<DumpParser> begin_tf_a(const Headline& headline);
std::unique_ptr<DumpParser> begin_u_boot(const Headline& headline);
std::unique_ptr<DumpParser> begin_xen(const Headline& headline);
std::unique_ptr<DumpParser> begin_zephyr(const Headline& headline);

// For headlines: printable enough and short.
std::string headline_text(std::string_view text);

}  // namespace bootrig::dump
