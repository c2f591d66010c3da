#include "cli/triage_run.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "qemu/arguments.h"
#include "run/image_console.h"
#include "run/journal.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

Result<std::vector<RunResult>> read_run(const fs::path& run) {
  const fs::path journal = run / "journal.jsonl";
  std::error_code error;
  if (!fs::exists(journal, error)) {
    return fail(run.string(),
                "is no folder of a run: it has no journal.jsonl; 'bootrig run' writes one to its --output");
  }
  BOOTRIG_TRY(JournalContents contents, read_journal(journal));
  return std::move(contents.results);
}

}  // namespace

Result<std::vector<RunResult>> stored_failures(const fs::path& run, bool expected) {
  BOOTRIG_TRY(std::vector<RunResult> results, read_run(run));
  std::erase_if(results, [expected](const RunResult& result) {
    return result.verdict.kind != VerdictKind::kFail || !(expected || gates(result.standing));
  });
  return results;
}

Result<RunResult> stored_result(const fs::path& run, const std::string& id) {
  BOOTRIG_TRY(std::vector<RunResult> results, read_run(run));
  std::vector<std::string> ids;
  for (RunResult& result : results) {
    if (result.id == id) return std::move(result);
    ids.push_back(result.id);
  }
  return fail(run.string(), fmt::format("this run has no testcase '{}'{}", id, did_you_mean(id, ids)));
}

const Diagnosis* stored_diagnosis(const RunResult& result) {
  if (result.attempts.empty() || !result.attempts.back().diagnosis) return nullptr;
  return &*result.attempts.back().diagnosis;
}

Result<StoredEvidence> stored_evidence(const fs::path& run, const RunResult& result) {
  if (result.attempts.empty() || result.attempts.back().folder.empty()) {
    return fail(run.string(), fmt::format("'{}' was not started: {}", result.id, result.verdict.detail));
  }
  const Attempt& attempt = result.attempts.back();
  StoredEvidence evidence;
  BOOTRIG_TRY(const std::string transcript, read_file(run / attempt.folder / "transcript.raw"));
  evidence.transcript = image_console(transcript, attempt.outcome);
  evidence.stopped_for = stopped_for(attempt.outcome.termination);
  const auto booted = booted_image(attempt.outcome.machine.argv);
  // An image that was built anew since would lend its names to other addresses.
  const std::string& sha256 = result.image_files.empty() ? result.image_sha256 : result.image_files.front().sha256;
  if (booted && sha256_file(booted->file).value_or("") == sha256) {
    evidence.image = booted->file;
    evidence.load_address = booted->load_address;
  }
  return evidence;
}

}  // namespace bootrig
