// Journal: every finished result as one line of JSON, written before it is reported. What a killed run has finished is
// read back from it, each result once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "run/result.h"

namespace bootrig {

class Journal {
 public:
  // Begins a journal; one that stands there is replaced. `fingerprint` tells which plan it belongs to.
  static Result<Journal> create(const std::filesystem::path& path, const std::string& fingerprint);
  // Goes on with one. A last line that was cut off by a kill is removed.
  static Result<Journal> reopen(const std::filesystem::path& path);

  // Returns once the kernel has the lines: they survive any death of this process.
  Result<void> append(const std::vector<const RunResult*>& results);
  // Returns once all lines are on the disk (fdatasync): they survive the host's death as well. Costs a commit of the
  // file system, which holds up everyone who makes files meanwhile; so not for each result.
  Result<void> sync();

 private:
  Result<void> write_lines(std::string_view lines);

  std::filesystem::path path_;
  ScopedFd fd_;
  bool synced_ = true;
};

struct JournalContents {
  std::string fingerprint;
  std::vector<RunResult> results;  // the first of each id
};
Result<JournalContents> read_journal(const std::filesystem::path& path);

// Follows a journal that another process may still be writing.
class JournalFollower {
 public:
  explicit JournalFollower(std::filesystem::path path) : path_(std::move(path)) {}

  // The results that have come since the last call, each line once; none while there is no journal. Only lines that end
  // count: what stands behind the last of them is told by `cut_bytes`.
  Result<std::vector<RunResult>> more();
  // Of the plan; empty: the journal has no first line yet.
  const std::string& fingerprint() const { return fingerprint_; }
  std::size_t cut_bytes() const { return cut_bytes_; }

 private:
  Result<void> read_line(std::string_view line, std::vector<RunResult>& results);

  std::filesystem::path path_;
  std::uint64_t read_ = 0;  // bytes of whole lines
  std::size_t lines_ = 0;
  std::size_t cut_bytes_ = 0;
  std::string fingerprint_;
};

}  // namespace bootrig
