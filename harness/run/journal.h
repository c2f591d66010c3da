// Journal: every finished result as one line of JSON, on disk before the run goes on. What a killed run has finished
// is read back from it, each result once.
#pragma once

#include <filesystem>
#include <string>
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

  // Returns once the lines are on disk (fdatasync).
  Result<void> append(const std::vector<const RunResult*>& results);

 private:
  Result<void> write_lines(std::string_view lines);

  std::filesystem::path path_;
  ScopedFd fd_;
};

struct JournalContents {
  std::string fingerprint;
  std::vector<RunResult> results;  // the first of each id
};
Result<JournalContents> read_journal(const std::filesystem::path& path);

}  // namespace bootrig
