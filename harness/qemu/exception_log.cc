#include "qemu/exception_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kLineMax = 512;  // the longest of them has some 100
constexpr std::size_t kKindMax = 40;

// QEMU 7.2, target/arm/cpu.h: SWI, IRQ, FIQ, HVC, SMC, VIRQ, VFIQ, SEMIHOST.
constexpr std::array<unsigned, 8> kCallsAndInterrupts{2, 5, 6, 11, 13, 14, 15, 16};

// Takes `word` off the line's begin.
bool take(std::string_view& line, std::string_view word) {
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return true;
}

// Takes a number off the line's begin; 0x before a hexadecimal one.
std::optional<std::uint64_t> take_number(std::string_view& line, int base) {
  if (base == 16 && !take(line, "0x")) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value, base);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return value;
}

std::optional<unsigned> take_level(std::string_view& line) {
  const auto level = take(line, "EL") ? take_number(line, 10) : std::nullopt;
  return level && *level <= 3 ? std::optional(static_cast<unsigned>(*level)) : std::nullopt;
}

}  // namespace

// Not /dev/fd: udev makes that, and not every host has it.
std::vector<std::string> exception_log_arguments() {
  return {"-d", "int,guest_errors", "-D", fmt::format("/proc/self/fd/{}", kLogDescriptor)};
}

std::string to_text(const LoggedException& exception) {
  std::string text = exception.kind;
  if (exception.from && exception.to) text += fmt::format(" from EL{} to EL{}", *exception.from, *exception.to);
  text += fmt::format(" on CPU {}", exception.cpu);
  const char* separator = ": ";
  const auto add = [&](const char* name, std::optional<std::uint64_t> value) {
    if (!value) return;
    text += fmt::format("{}{} {:#x}", separator, name, *value);
    separator = ", ";
  };
  add("ESR", exception.esr);
  add("FAR", exception.far);
  add("ELR", exception.elr);
  return text;
}

void ExceptionLog::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  keep_text(bytes);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > kLineMax) skip_line_ = true;
    if (!skip_line_) line_ += piece;
    if (end == bytes.npos) return;
    if (!skip_line_) read_line(line_);
    line_.clear();
    skip_line_ = false;
    bytes.remove_prefix(end + 1);
  }
}

void ExceptionLog::keep_text(std::string_view bytes) {
  const std::size_t room = std::min(bytes.size(), kTextMax - head_text_.size());
  head_text_ += bytes.substr(0, room);
  tail_text_ += bytes.substr(room);
  // Twice as much as is told, so that it is not moved with each piece.
  if (tail_text_.size() > 2 * kTextMax) tail_text_.erase(0, tail_text_.size() - kTextMax);
}

std::string ExceptionLog::text() const {
  const std::string_view tail =
      std::string_view(tail_text_).substr(tail_text_.size() - std::min(tail_text_.size(), kTextMax));
  const std::uint64_t cut = bytes_ - head_text_.size() - tail.size();
  if (cut == 0) return head_text_ + std::string(tail);
  return fmt::format("{}\n[{} bytes left out]\n{}", head_text_, cut, tail);
}

void ExceptionLog::read_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (take(line, "Taking exception ")) return begin(line);
  if (!current_ || !take(line, "...")) return;
  if (take(line, "from ")) {
    current_->from = take_level(line);
    if (take(line, " to ")) current_->to = take_level(line);
  } else if (take(line, "with ESR ")) {
    // The class, then the whole: "0x25/0x96000005".
    if (take_number(line, 16) && take(line, "/")) current_->esr = take_number(line, 16);
  } else if (take(line, "with FAR ")) {
    current_->far = take_number(line, 16);
  } else if (take(line, "with ELR ")) {
    current_->elr = take_number(line, 16);
  } else if (take(line, "handled as PSCI call") || take(line, "handling as semihosting call")) {
    end_record();
  } else if (take(line, "to EL")) {
    (void)take_number(line, 10);
    if (take(line, " PC ")) current_->vector = take_number(line, 16);
    end_record();
  }
}

// "4 [Data Abort] on CPU 0"
void ExceptionLog::begin(std::string_view line) {
  // The one before has no end: another CPU's lines come between. Neither is to be trusted, nor what comes until both
  // have ended.
  if (current_) {
    torn_ += torn_ == 0 ? 2 : 1;
  }
  ++taken_;
  current_.emplace();
  const auto number = take_number(line, 10);
  if (!number || *number > 255 || !take(line, " [")) return current_.reset();
  current_->number = static_cast<unsigned>(*number);
  const std::size_t end = line.find(']');
  if (end == line.npos) return current_.reset();
  current_->kind = printable(line.substr(0, std::min(end, kKindMax)));
  line.remove_prefix(end + 1);
  if (!take(line, " on CPU ")) return;
  const auto cpu = take_number(line, 10);
  if (cpu && *cpu < 4096) current_->cpu = static_cast<unsigned>(*cpu);
}

void ExceptionLog::end_record() {
  if (torn_ > 0) {
    if (--torn_ == 0) current_.reset();
    return;
  }
  const LoggedException record = *std::move(current_);
  current_.reset();
  if (std::ranges::find(kCallsAndInterrupts, record.number) != kCallsAndInterrupts.end()) return;
  if (head_.size() < kHeadMax) {
    head_.push_back(record);
    return;
  }
  tail_.push_back(record);
  if (tail_.size() <= kTailMax) return;
  tail_.pop_front();
  ++left_out_;
}

std::vector<LoggedException> ExceptionLog::exceptions() const {
  std::vector<LoggedException> all = head_;
  all.insert(all.end(), tail_.begin(), tail_.end());
  return all;
}

}  // namespace bootrig
