// Records: what the history keeps of a run and of its results. Plain data; where they come from (a run that has just
// ended, a report, the history's file) is not their business.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "run/result.h"

namespace bootrig {

struct ResultRecord {
  std::string cell;         // "boot/hello@virt[gic=3]"
  unsigned repetition = 1;  // "#2" of its id
  VerdictKind verdict = VerdictKind::kPass;
  Cause cause = Cause::kNone;
  Standing standing = Standing::kPassed;
  std::string root_cause;  // empty: triage named none
  std::string signature;   // signature_of(): empty for what passed
  std::string detail;      // the verdict's, at most 400 bytes
  std::string image;
  std::string image_sha256;
  std::uint64_t attempts = 0;
  Duration duration{0};      // of all attempts
  Duration wall{0};          // of the last: power-on to its end
  Duration first_output{0};  // of the last: power-on to the first byte; 0: none
  std::int64_t started_at_ms = 0;
};

struct RunRecord {
  std::int64_t id = 0;  // in the history; 0: it does not come from there
  RunInfo info;
  std::string folder;       // where the run left its files
  std::size_t missing = 0;  // planned, without a result
  std::vector<ResultRecord> results;
};

ResultRecord record_of(const RunResult& result);

}  // namespace bootrig
