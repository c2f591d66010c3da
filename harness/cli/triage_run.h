// The part of `bootrig triage` that reads a run's folder: results and explanations that its journal holds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "run/result.h"

namespace bootrig {

// The testcases of a run whose verdict is a failure, in the order of finishing: those that gate, or, with `expected`,
// also the ones that were expected and the quarantined. An error: the folder holds no journal of a run.
Result<std::vector<RunResult>> stored_failures(const std::filesystem::path& run, bool expected);

// One testcase of a run, by its id. An error names the nearest.
Result<RunResult> stored_result(const std::filesystem::path& run, const std::string& id);

// The diagnosis of the last attempt; null: none is stored.
const Diagnosis* stored_diagnosis(const RunResult& result);

// What is there to make one from, when triage was off: of the last attempt.
struct StoredEvidence {
  std::string transcript;
  std::filesystem::path image;                // that was booted; empty: it is no longer there, or another one by now
  std::optional<std::uint64_t> load_address;  // set: the image is raw
  StoppedFor stopped_for = StoppedFor::kUnknown;
};
Result<StoredEvidence> stored_evidence(const std::filesystem::path& run, const RunResult& result);

}  // namespace bootrig
