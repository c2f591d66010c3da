#include "history/history_reporter.h"

#include "base/file.h"

namespace bootrig {
namespace {

// So many results are held; most runs have fewer, and are written when they are over.
constexpr std::size_t kHeld = 4096;

}  // namespace

void HistoryReporter::begin(const RunInfo& run) {
  run_.info = run;
  std::error_code error;
  run_.folder = std::filesystem::weakly_canonical(options_.run_folder, error).string();
}

void HistoryReporter::finished(const RunResult& result) {
  if (trouble_) return;
  waiting_.push_back(record_of(result));
  add_result(waiting_.back(), states_);
  if (waiting_.size() >= kHeld) note(flush());
}

Result<void> HistoryReporter::end(const RunInfo& run, const RunTotals&, std::size_t missing) {
  if (!trouble_) note(flush());
  if (!trouble_) note(compare_with_past(run));
  if (!trouble_ && id_) note(history_->end_run(*id_, run, missing));
  return {};
}

Result<void> HistoryReporter::open() {
  if (history_) return {};
  BOOTRIG_TRY(history_, History::create(options_.path));
  if (options_.resumed) BOOTRIG_TRY_VOID(history_->forget_unfinished(run_.folder));
  BOOTRIG_TRY(id_, history_->begin_run(run_));
  return {};
}

Result<void> HistoryReporter::flush() {
  BOOTRIG_TRY_VOID(open());
  if (id_) BOOTRIG_TRY_VOID(history_->add_results(*id_, run_.info.started_at_ms, waiting_));
  waiting_.clear();
  return {};
}

Result<void> HistoryReporter::compare_with_past(const RunInfo& run) {
  for (auto& [cell, state] : states_) {
    state.revision = run.revision;
    state.emulator = run.emulator;
    state.run_started_at_ms = run.started_at_ms;
  }
  BOOTRIG_TRY(const CellStates before, latest_states(*history_, states_, run.started_at_ms));
  BOOTRIG_TRY(comparison_, compare(before, states_, &*history_));
  return {};
}

void HistoryReporter::note(const Result<void>& done) {
  if (!done && !trouble_) trouble_ = done.error();
}

}  // namespace bootrig
