// Cursor: reads one console line from left to right. What does not match leaves the cursor where it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dump/console_lines.h"

namespace bootrig::dump {

class Cursor {
 public:
  // At the first byte that is no space. `line` must outlive it.
  explicit Cursor(const ConsoleLine& line) : Cursor(line.text, line.ended) {}
  // `ended`: the text's last word is whole.
  Cursor(std::string_view text, bool ended);

  bool text(std::string_view literal);
  void spaces();
  // A hexadecimal number, with "0x" or without. Refused: fewer digits than `digits`, more than 16, one with a letter
  // behind it, and one that may be cut off, as the transcript stops behind it.
  std::optional<std::uint64_t> hex(unsigned digits = 1);
  // A decimal number of at most 9 digits; refused as above.
  std::optional<unsigned> decimal();
  // What stands before `mark`; the cursor then is behind the mark.
  std::optional<std::string_view> until(std::string_view mark);
  std::string_view rest() const { return rest_; }
  // Nothing more stands in the line, and the line is whole.
  bool at_end() const { return rest_.empty() && ended_; }

 private:
  std::string_view rest_;
  bool ended_;
};

// Whether `text` holds `mark`; from there on, else nothing. A headline may stand behind what another printed before.
std::optional<std::string_view> from_mark(std::string_view text, std::string_view mark);

}  // namespace bootrig::dump
