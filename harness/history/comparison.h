// Comparison of two runs: which failures are new, known, fixed or flaky, grouped by signature. Two failures with one
// signature are one trouble, whatever testcases have it.
//
//   new     fails now; before it was tried and did not fail so (or, for a testcase that was not tried before, nothing
//           failed so)
//   known   fails now as it did before
//   fixed   failed before and passes now
//   flaky   passes and fails with the same image at the same revision under the same emulator, or passed after a retry;
//           it is in none of the other three
//
// A failure as expected is a pass. A quarantined failure is none of the four now, and a failure when it was before.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "history/history.h"

namespace bootrig {

enum class Change { kNew, kKnown, kFixed, kFlaky };
std::string_view to_text(Change change);  // "new", "known", "fixed", "flaky"

// All that one run says of one cell: its repetitions together.
struct CellState {
  std::size_t passed = 0, failed = 0, flaky = 0, quarantined = 0, skipped = 0;
  ResultRecord trouble;  // the first that failed, was quarantined or flaky; otherwise the first
  std::string revision, emulator;
  std::int64_t run_started_at_ms = 0;

  bool tried() const { return passed + failed + flaky + quarantined > 0; }
};
using CellStates = std::map<std::string, CellState>;
CellStates states_of(const RunRecord& run);
void add_result(const ResultRecord& result, CellStates& states);
// What the history last knew, before that time, of each of these cells.
Result<CellStates> latest_states(const History& history, const CellStates& cells, std::int64_t before_ms);

struct ChangeGroup {
  Change change = Change::kNew;
  std::string signature;
  ResultRecord trouble;                // of its first testcase
  std::vector<std::string> cells;      // sorted
  std::size_t untried = 0;             // of these testcases so many were not tried before
  std::optional<EarlierLife> earlier;  // new: it was known once, and went
  std::optional<Since> since;          // known and fixed: the first run known to fail so; flaky: the run that passed
};

struct Comparison {
  std::vector<ChangeGroup> groups;  // new, known, fixed, flaky; the largest first
  std::size_t tried = 0;            // cells of the later run
  std::size_t not_tried_before = 0;
  std::size_t not_tried_now = 0;
  std::size_t quarantined = 0;  // fail now, and do not gate

  std::size_t count(Change change) const;  // cells
};

// `history` tells since when, and of earlier passes with the same image; without one the two runs alone do.
Result<Comparison> compare(const CellStates& before, const CellStates& now, const History* history);

}  // namespace bootrig
