#include "history/record.h"

#include "base/utf8.h"
#include "run/signature.h"

namespace bootrig {

ResultRecord record_of(const RunResult& result) {
  constexpr std::size_t kDetailLimit = 400;
  ResultRecord record;
  record.cell = cell_of(result.id);
  record.repetition = repetition_of(result.id);
  record.verdict = result.verdict.kind;
  record.cause = result.verdict.cause;
  record.standing = result.standing;
  record.root_cause = result.verdict.root_cause;
  record.signature = signature_of(result);
  record.detail = head_of(result.verdict.detail, kDetailLimit);
  record.image = result.image;
  record.image_sha256 = result.image_sha256;
  record.attempts = result.attempts.size();
  record.duration = result.duration;
  if (!result.attempts.empty()) {
    record.wall = result.attempts.back().outcome.wall;
    record.first_output = result.attempts.back().outcome.first_output;
  }
  record.started_at_ms = result.started_at_ms;
  return record;
}

}  // namespace bootrig
