// TranscriptFile: keeps what the console said, as it was said, on disk: the raw bytes, the arrival time of each line,
// and head and tail in memory for reports. Bounded: past the cap the file stops growing, the last 64 KiB are kept in
// a file of their own, and the count of what was dropped is known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "run/result.h"

namespace bootrig {

class TranscriptFile {
 public:
  static constexpr std::uint64_t kDefaultCap = std::uint64_t{16} << 20;
  static constexpr std::size_t kHeadKept = std::size_t{16} << 10;
  static constexpr std::size_t kTailKept = std::size_t{64} << 10;

  // Without a folder nothing is written; head, tail and counts are still kept.
  TranscriptFile() = default;
  // Writes transcript.raw, lines.tsv ("line<TAB>offset<TAB>milliseconds since power-on", of each line's first byte)
  // and, when the cap is passed, transcript-tail.raw into the folder.
  static Result<TranscriptFile> create(const std::filesystem::path& folder, std::uint64_t cap = kDefaultCap);

  // `elapsed`: since power-on. Errors (disk full) are kept and come out of close().
  void add(std::string_view bytes, Duration elapsed);
  Result<void> close();

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t dropped() const;
  // Head and tail, at most kHeadKept and kTailKept.
  Excerpt excerpt() const;

 private:
  void note_lines(std::string_view bytes, Duration elapsed);
  void write(int fd, std::string_view bytes, const char* name);

  std::filesystem::path folder_;
  std::uint64_t cap_ = kDefaultCap;
  ScopedFd raw_;
  ScopedFd lines_;
  std::uint64_t bytes_ = 0;
  std::uint64_t line_ = 0;
  bool at_line_start_ = true;
  std::string pending_lines_;
  std::string head_;
  std::string tail_;
  Result<void> state_;
};

// The excerpt of a transcript that an earlier process wrote into the folder.
Result<Excerpt> read_excerpt(const std::filesystem::path& folder, std::uint64_t dropped);

}  // namespace bootrig
