// ConsoleLine: a line as the followers of expectations see it, complete or still open. PendingLine:
// gathers one from bytes that come in pieces. History: the last lines, for reports.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/ansi.h"
#include "match/matcher.h"

namespace bootrig::match {

// A line is matched on its first 64 KiB, cleaned. Memory stays bounded whatever the console says.
inline constexpr std::size_t kLineMax = 64 * 1024;
// A line that has no end yet is matched on its first 4 KiB, or the first 4 KiB behind the last
// match in it.
inline constexpr std::size_t kTailMax = 4 * 1024;
// What is kept of a line for reports.
inline constexpr std::size_t kSeenMax = 1024;
// A divergence looks for the nearest spelling in this many last lines, and shows this many lines
// around it.
inline constexpr std::size_t kNearestMax = 64;
inline constexpr std::size_t kContext = 3;

// From the text's byte `at` on, `skipped` raw bytes of escape sequences stand before it in its
// line.
struct Cut {
  std::size_t at = 0;
  std::uint64_t skipped = 0;
};

struct ConsoleLine {
  std::string_view text;  // cleaned, without trailing '\r's
  std::span<const Cut> cuts;
  std::uint64_t number = 0;  // from 1
  std::uint64_t start = 0;   // offset of its first byte
  std::uint64_t end = 0;     // offset behind its '\n', or behind its last byte so far
  bool complete = false;

  // The offset just behind the byte before text[position].
  std::uint64_t offset_behind(std::size_t position) const;
};

std::string_view without_trailing_cr(std::string_view text);

class PendingLine {
 public:
  // Bytes of the line, without '\n'. Cheap once kLineMax is reached.
  void append(std::string_view bytes);
  void clear();
  bool empty() const { return raw_size_ == 0; }
  std::uint64_t raw_size() const { return raw_size_; }
  // Cleaned, at most kLineMax bytes; trailing '\r's are withheld: they may belong to the line's
  // end.
  std::string_view text() const { return std::string_view(text_).substr(0, visible_); }
  std::span<const Cut> cuts() const { return cuts_; }

 private:
  void keep(std::string_view piece, std::uint64_t raw_at);

  AnsiStripper stripper_;
  std::string text_;
  std::size_t visible_ = 0;
  std::vector<Cut> cuts_;
  std::uint64_t raw_size_ = 0;
};

// The last lines of the console. Numbers of lines are consecutive, except that a run of new lines
// may begin later when it is longer than what is kept.
class History {
 public:
  static constexpr std::size_t kCapacity = kNearestMax + 2 * kContext;

  void add(std::uint64_t number, std::uint64_t offset, std::string_view text);
  // Null for a line that is not kept.
  const SeenLine* line(std::uint64_t number) const;

 private:
  std::vector<SeenLine> lines_ = std::vector<SeenLine>(kCapacity);
};

}  // namespace bootrig::match
