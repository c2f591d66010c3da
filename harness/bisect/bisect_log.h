// The log of a bisection: a first line that says of which question, then each judged revision, appended when it is judged.
// Private to bisect/.
#pragma once

#include <map>

#include "base/file.h"
#include "bisect/bisection.h"

namespace bootrig {

class BisectLog {
 public:
  // A log that stands there is replaced, or, with `resume`, gone on with; none there is begun.
  static Result<BisectLog> open(const std::filesystem::path& path, const BisectQuestion& question, bool resume);

  Result<void> append(const JudgedRevision& judged);
  // What is known of the revision in that role; none: nothing.
  const JudgedRevision* find(const Commit& commit, const std::string& role) const;

 private:
  Result<void> read(const BisectQuestion& question);
  Result<void> write(const std::string& line);

  std::filesystem::path path_;
  std::string text_;
  std::map<std::string, JudgedRevision> known_;  // by role and hash
};

}  // namespace bootrig
