#include "history/comparison.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bootrig {
namespace {

// Where a revision does not name one state of the tree, nothing can be said of "the same".
bool names_a_state(std::string_view revision) {
  return !revision.empty() && !revision.ends_with('+');
}

bool same_machine_and_image(const CellState& a, const CellState& b) {
  return names_a_state(a.revision) && a.revision == b.revision && a.emulator == b.emulator &&
         !a.trouble.image_sha256.empty() && a.trouble.image_sha256 == b.trouble.image_sha256;
}

bool failed_before(const CellState& state) {
  return state.failed + state.quarantined > 0;
}

Since since_of(const CellState& state) {
  return {0, state.revision, state.run_started_at_ms};
}

class Comparer {
 public:
  Comparer(const CellStates& before, const CellStates& now, const History* history)
      : before_(before), now_(now), history_(history) {
    for (const auto& [cell, state] : before) {
      if (failed_before(state)) failing_before_.insert(state.trouble.signature);
    }
  }

  Result<Comparison> compare() {
    for (const auto& [cell, state] : now_) {
      if (!state.tried()) continue;
      const auto found = before_.find(cell);
      const CellState* old = found != before_.end() && found->second.tried() ? &found->second : nullptr;
      ++comparison_.tried;
      comparison_.not_tried_before += old == nullptr;
      BOOTRIG_TRY_VOID(place(cell, state, old));
    }
    for (const auto& [cell, state] : before_) {
      const auto found = now_.find(cell);
      if (state.tried() && (found == now_.end() || !found->second.tried())) ++comparison_.not_tried_now;
    }
    for (auto& [key, group] : groups_) comparison_.groups.push_back(std::move(group));
    std::ranges::stable_sort(comparison_.groups, [](const ChangeGroup& a, const ChangeGroup& b) {
      return std::pair(a.change, b.cells.size()) < std::pair(b.change, a.cells.size());
    });
    return std::move(comparison_);
  }

 private:
  Result<void> place(const std::string& cell, const CellState& state, const CellState* old) {
    const bool both = state.passed > 0 && state.failed > 0;
    if (both || state.flaky > 0) {
      add(Change::kFlaky, cell, state.trouble, std::nullopt);
      return {};
    }
    if (state.failed > 0) return place_failure(cell, state, old);
    comparison_.quarantined += state.quarantined > 0;
    if (state.quarantined > 0 || old == nullptr || !failed_before(*old)) return {};
    if (same_machine_and_image(state, *old)) {
      add(Change::kFlaky, cell, old->trouble, since_of(state));
      return {};
    }
    BOOTRIG_TRY(auto since, first_failure(cell, old->trouble.signature, old->run_started_at_ms + 1));
    add(Change::kFixed, cell, old->trouble, since ? since : since_of(*old));
    return {};
  }

  Result<void> place_failure(const std::string& cell, const CellState& state, const CellState* old) {
    BOOTRIG_TRY(const auto passed, earlier_pass(cell, state, old));
    if (passed) {
      add(Change::kFlaky, cell, state.trouble, passed);
      return {};
    }
    const std::string& signature = state.trouble.signature;
    const bool known = old != nullptr ? failed_before(*old) && old->trouble.signature == signature
                                      : failing_before_.contains(signature);
    if (!known) {
      ChangeGroup& group = add(Change::kNew, cell, state.trouble, std::nullopt);
      group.untried += old == nullptr;
      if (history_ == nullptr || signature.empty()) return {};
      BOOTRIG_TRY(auto earlier, history_->earlier_life(cell, signature, state.run_started_at_ms));
      if (earlier && (!group.earlier || earlier->first.at_ms < group.earlier->first.at_ms)) group.earlier = earlier;
      return {};
    }
    BOOTRIG_TRY(auto since, first_failure(cell, signature, state.run_started_at_ms));
    if (!since && old != nullptr) since = since_of(*old);
    add(Change::kKnown, cell, state.trouble, since);
    return {};
  }

  // A pass with this very image at this revision: then the failure depends on neither.
  Result<std::optional<Since>> earlier_pass(const std::string& cell, const CellState& state, const CellState* old) {
    if (old != nullptr && old->passed > 0 && same_machine_and_image(*old, state)) return since_of(*old);
    if (history_ == nullptr || !names_a_state(state.revision) || state.trouble.image_sha256.empty()) {
      return std::optional<Since>();
    }
    return history_->passed_with(cell, state.trouble.image_sha256, state.revision, state.emulator);
  }

  Result<std::optional<Since>> first_failure(const std::string& cell, const std::string& signature,
                                             std::int64_t before_ms) {
    if (history_ == nullptr) return std::optional<Since>();
    return history_->first_failure(cell, signature, before_ms);
  }

  ChangeGroup& add(Change change, const std::string& cell, const ResultRecord& trouble,
                   const std::optional<Since>& since) {
    ChangeGroup& group = groups_[{change, trouble.signature}];
    if (group.cells.empty()) {
      group.change = change;
      group.signature = trouble.signature;
      group.trouble = trouble;
    }
    group.cells.push_back(cell);
    // Of a trouble that spread: where it began.
    if (since && (!group.since || since->at_ms < group.since->at_ms)) group.since = since;
    return group;
  }

  const CellStates& before_;
  const CellStates& now_;
  const History* history_;
  std::set<std::string> failing_before_;
  std::map<std::pair<Change, std::string>, ChangeGroup> groups_;
  Comparison comparison_;
};

}  // namespace

std::string_view to_text(Change change) {
  switch (change) {
    case Change::kNew:
      return "new";
    case Change::kKnown:
      return "known";
    case Change::kFixed:
      return "fixed";
    case Change::kFlaky:
      return "flaky";
  }
  return "";
}

std::size_t Comparison::count(Change change) const {
  std::size_t cells = 0;
  for (const ChangeGroup& group : groups) cells += group.change == change ? group.cells.size() : 0;
  return cells;
}

CellStates states_of(const RunRecord& run) {
  CellStates states;
  for (const ResultRecord& result : run.results) add_result(result, states);
  for (auto& [cell, state] : states) {
    state.revision = run.info.revision;
    state.emulator = run.info.emulator;
    state.run_started_at_ms = run.info.started_at_ms;
  }
  return states;
}

void add_result(const ResultRecord& result, CellStates& states) {
  const auto [found, is_first] = states.try_emplace(result.cell);
  CellState& state = found->second;
  const bool had_trouble = state.failed + state.quarantined + state.flaky > 0;
  switch (result.standing) {
    case Standing::kPassed:
    case Standing::kExpectedFailure:
      ++state.passed;
      break;
    case Standing::kFlaky:
      ++state.flaky;
      break;
    case Standing::kQuarantined:
      ++state.quarantined;
      break;
    case Standing::kSkipped:
      ++state.skipped;
      break;
    default:
      ++state.failed;
  }
  if (is_first || (!had_trouble && !result.signature.empty())) state.trouble = result;
}

Result<CellStates> latest_states(const History& history, const CellStates& cells, std::int64_t before_ms) {
  CellStates states;
  for (const auto& [cell, state] : cells) {
    BOOTRIG_TRY(const std::optional<RunRecord> run, history.latest_of(cell, before_ms));
    if (run) states.merge(states_of(*run));
  }
  return states;
}

Result<Comparison> compare(const CellStates& before, const CellStates& now, const History* history) {
  return Comparer(before, now, history).compare();
}

}  // namespace bootrig
