// What a plan's boots were and said, for commands that go on from there.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/file.h"
#include "run/result.h"

namespace bootrig {

class Collector final : public Reporter {
 public:
  void finished(const RunResult& result) override { results.emplace(result.id, result); }
  Result<void> end(const RunInfo&, const RunTotals&, std::size_t) override { return {}; }

  std::map<std::string, RunResult> results;  // by id
};

// All that the image said on the console in the last attempt. `folder`: the run's.
inline Result<std::string> console_of(const RunResult& result, const std::filesystem::path& folder) {
  const Attempt& attempt = result.attempts.back();
  if (attempt.outcome.bytes_dropped > 0) return fail(result.id, "the transcript is too long to be kept");
  BOOTRIG_TRY(const std::string transcript, read_file(folder / attempt.folder / "transcript.raw"));
  return std::string(said_by_image(transcript, attempt.outcome));
}

}  // namespace bootrig
