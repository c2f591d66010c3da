// ConsoleLines: a transcript, line by line, as the dialects want to read it: without '\r', ANSI sequences, other control
// characters, and without the prefixes that a console puts before every line ("[   12.345678] ", "(XEN) ").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootrig::dump {

struct ConsoleLine {
  std::uint64_t number = 0;  // of the console, from 1
  std::string text;          // at most kLongestLine bytes; leading spaces are kept
  bool ended = true;         // by '\n'; false: the transcript stops here, and the last word may be half of one
  std::size_t offset = 0;    // of its first byte in the transcript
};

// What follows in a longer line is dropped: no dialect prints that much.
inline constexpr std::size_t kLongestLine = 64 * 1024;

class ConsoleLines {
 public:
  // `transcript` must outlive it.
  explicit ConsoleLines(std::string_view transcript) : transcript_(transcript) {}
  std::optional<ConsoleLine> next();

 private:
  std::string_view transcript_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace bootrig::dump
