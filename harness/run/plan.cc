#include "run/plan.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/text.h"
#include "run/shards.h"

namespace bootrig {
namespace {

constexpr std::size_t kCellLimit = 100'000;

bool any_glob(const std::vector<std::string>& globs, std::string_view text) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return glob_match(glob, text); });
}
bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

bool condition_holds(const CellCondition& condition, const Testcase& testcase) {
  if (!condition.scenarios.empty() && !any_glob(condition.scenarios, testcase.scenario->name)) return false;
  if (!condition.targets.empty() && !any_glob(condition.targets, testcase.target.name)) return false;
  return std::ranges::all_of(condition.where, [&](const auto& part) {
    return std::ranges::find(part.second, machine_value(testcase.target.machine, part.first)) != part.second.end();
  });
}

// Names that match any of the globs; a name without wildcards must exist.
Result<std::vector<std::string>> expand(const std::vector<std::string>& globs, const std::vector<std::string>& names,
                                        std::string_view what, const std::string& place) {
  std::vector<std::string> found;
  for (const std::string& glob : globs) {
    bool matched = false;
    for (const std::string& name : names) {
      if (!glob_match(glob, name)) continue;
      matched = true;
      if (std::ranges::find(found, name) == found.end()) found.push_back(name);
    }
    if (!matched)
      return fail(place, fmt::format("no {} matches '{}'{}", what, printable(glob), did_you_mean(glob, names)));
  }
  return found;
}

// Every combination of the varied keys' values, in the file's order, the last key fastest.
std::vector<Variation> combinations(const MatrixEntry& entry) {
  std::vector<Variation> all{{}};
  for (const auto& [key, values] : entry.vary) {
    std::vector<Variation> next;
    for (const Variation& variation : all) {
      for (const std::string& value : values) {
        next.push_back(variation);
        next.back()[key] = value;
      }
    }
    all = std::move(next);
  }
  return all;
}

Testcase make_testcase(std::shared_ptr<const Scenario> scenario, TargetProfile target, std::string target_id) {
  Testcase testcase;
  testcase.cell = fmt::format("{}@{}", scenario->name, target_id);
  testcase.id = testcase.cell;
  testcase.target_id = std::move(target_id);
  testcase.expected_failure = scenario->expect_fail;
  for (const Requirement& requirement : scenario->requires_) {
    const std::string value = machine_value(target.machine, requirement.key);
    if (std::ranges::find(requirement.allowed, value) == requirement.allowed.end()) {
      testcase.skip = fmt::format("the scenario needs {} {}, not {}: {}", requirement.key, one_of(requirement.allowed),
                                  value, requirement.reason);
    }
  }
  const Ending ending = scenario->ending;
  if (target.machine.kind == MachineKind::kBoard && (ending == Ending::kPowerOff || ending == Ending::kReset)) {
    testcase.skip = fmt::format("the scenario's ending is '{}', which a board does not tell", to_text(ending));
  }
  testcase.scenario = std::move(scenario);
  testcase.target = std::move(target);
  return testcase;
}

bool has_tag(const std::vector<std::string>& wanted, const std::vector<std::string>& tags) {
  return std::ranges::any_of(wanted,
                             [&](const std::string& tag) { return std::ranges::find(tags, tag) != tags.end(); });
}

class Expander {
 public:
  Expander(const Project& project, const std::string& today) : project_(project), today_(today) {}

  Result<void> add_matrix(const Matrix& matrix) {
    for (const MatrixEntry& entry : matrix.entries) BOOTRIG_TRY_VOID(add_entry(matrix, entry));
    return {};
  }

  // A cell that no matrix holds, asked for by name. Requirements it does not meet skip it.
  Result<void> add_cell(std::string_view scenario_name, std::string_view target_text) {
    BOOTRIG_TRY(auto scenario, project_.scenario(scenario_name));
    BOOTRIG_TRY(const TargetReference reference, parse_target_reference(target_text));
    BOOTRIG_TRY(TargetProfile profile, project_.target(reference.name));
    BOOTRIG_TRY(TargetProfile varied, apply_variation(std::move(profile), reference.variation));
    add(make_testcase(scenario, std::move(varied), target_id(reference.name, reference.variation)));
    return {};
  }

  bool holds(const std::string& pattern) const {
    return std::ranges::any_of(testcases_, [&](const Testcase& t) { return glob_match(pattern, t.cell); });
  }

  std::vector<Testcase> take() { return std::move(testcases_); }
  std::vector<Exclusion> take_excluded() { return std::move(excluded_); }

 private:
  Result<void> add_entry(const Matrix& matrix, const MatrixEntry& entry) {
    BOOTRIG_TRY(const auto scenarios, expand(entry.scenarios, project_.scenario_names(), "scenario", entry.place));
    BOOTRIG_TRY(const auto targets, expand(entry.targets, project_.target_names(), "target", entry.place));
    for (const std::string& name : scenarios) {
      BOOTRIG_TRY(const auto scenario, project_.scenario(name));
      if (!entry.tags.empty() && !has_tag(entry.tags, scenario->tags)) continue;
      for (const std::string& target : targets) {
        for (const Variation& variation : combinations(entry)) {
          BOOTRIG_TRY(TargetProfile profile, project_.target(target));
          auto varied = apply_variation(std::move(profile), variation);
          if (!varied) return fail(entry.place, to_text(varied.error()));
          add_matrix_cell(matrix, make_testcase(scenario, std::move(*varied), target_id(target, variation)));
          if (testcases_.size() > kCellLimit) return fail(entry.place, "the matrix has more than 100000 testcases");
        }
      }
    }
    return {};
  }

  // In a matrix a cell that does not meet the scenario's requirements is not a testcase at all; nor is an excluded one.
  void add_matrix_cell(const Matrix& matrix, Testcase testcase) {
    if (testcase.skip) return excluded_.push_back({testcase.cell, *testcase.skip});
    for (const ExcludeRule& rule : matrix.exclude) {
      if (condition_holds(rule.condition, testcase)) return excluded_.push_back({testcase.cell, rule.reason});
    }
    for (const ExpectFailRule& rule : matrix.expect_fail) {
      if (condition_holds(rule.condition, testcase)) testcase.expected_failure = rule.expected;
    }
    for (const QuarantineRule& rule : matrix.quarantine) {
      if (!condition_holds(rule.condition, testcase)) continue;
      const bool holds = today_ < rule.until;
      if (testcase.quarantined && !holds) continue;  // another rule's does
      testcase.quarantined = holds;
      testcase.quarantine =
          fmt::format("{} ({}, {} {})", rule.reason, rule.owner, holds ? "until" : "over since", rule.until);
    }
    testcase.matrix = matrix.name;
    add(std::move(testcase));
  }

  void add(Testcase testcase) {
    if (known_.insert(testcase.cell).second) testcases_.push_back(std::move(testcase));
  }

  const Project& project_;
  const std::string& today_;
  std::vector<Testcase> testcases_;
  std::vector<Exclusion> excluded_;
  std::set<std::string> known_;
};

bool pattern_selects(const std::string& pattern, const Testcase& testcase) {
  return glob_match(pattern, testcase.cell) || glob_match(pattern, testcase.scenario->name);
}

bool selected(const Selection& selection, const Testcase& testcase) {
  const auto empty_or = [](const std::vector<std::string>& list, bool holds) { return list.empty() || holds; };
  return empty_or(selection.patterns, std::ranges::any_of(selection.patterns,
                                                          [&](const std::string& pattern) {
                                                            return pattern_selects(pattern, testcase);
                                                          })) &&
         empty_or(selection.targets, any_glob(selection.targets, testcase.target_id) ||
                                         any_glob(selection.targets, testcase.target.name)) &&
         empty_or(selection.scenarios, any_glob(selection.scenarios, testcase.scenario->name)) &&
         empty_or(selection.tags,
                  has_tag(selection.tags, testcase.scenario->tags) || has_tag(selection.tags, testcase.target.tags));
}

// "virt[memory=2G,gic=3]" as testcases name it: "virt[gic=3,memory=2G]". Globs stay as they are.
Result<std::string> in_our_order(const std::string& target) {
  if (has_wildcard(target) || target.find('[') == std::string::npos) return target;
  BOOTRIG_TRY(const TargetReference reference, parse_target_reference(target));
  return target_id(reference.name, reference.variation);
}

Result<Selection> in_our_order(Selection selection) {
  for (std::string& target : selection.targets) {
    BOOTRIG_TRY(target, in_our_order(target));
  }
  for (std::string& pattern : selection.patterns) {
    const std::size_t at = pattern.find('@');
    if (at == std::string::npos) continue;
    BOOTRIG_TRY(const std::string target, in_our_order(pattern.substr(at + 1)));
    pattern.replace(at + 1, std::string::npos, target);
  }
  return selection;
}

// Cells named outright that no matrix holds: "scenario@target[...]" patterns, or --scenario with --target.
Result<void> add_direct_cells(const Project& project, const Selection& selection, Expander& expander) {
  for (const std::string& pattern : selection.patterns) {
    const std::size_t at = pattern.find('@');
    if (at == std::string::npos) continue;
    const std::string scenario = pattern.substr(0, at), target = pattern.substr(at + 1);
    // "boot/*@virt": of a matrix what it holds; where it holds none, all of them on that target.
    if (has_wildcard(target) || (has_wildcard(scenario) && expander.holds(pattern))) continue;
    for (const std::string& name : project.scenario_names()) {
      if (has_wildcard(scenario) && glob_match(scenario, name)) BOOTRIG_TRY_VOID(expander.add_cell(name, target));
    }
    if (!has_wildcard(scenario)) BOOTRIG_TRY_VOID(expander.add_cell(scenario, target));
  }
  if (selection.scenarios.empty() || selection.targets.empty() || !selection.matrices.empty()) return {};
  BOOTRIG_TRY(const auto scenarios, expand(selection.scenarios, project.scenario_names(), "scenario", "--scenario"));
  for (const std::string& target : selection.targets) {
    if (has_wildcard(target)) continue;
    for (const std::string& scenario : scenarios) BOOTRIG_TRY_VOID(expander.add_cell(scenario, target));
  }
  return {};
}

// Each word of the selection must match a testcase: one that is misspelt must not silently leave something out.
// `names` gives the texts of a testcase that a word is matched against.
template <typename Names>
Result<void> check_words(const std::string& place, const std::vector<std::string>& words,
                         const std::vector<Testcase>& all, Names names) {
  std::vector<std::string> known;
  std::set<std::string> seen;
  for (const Testcase& testcase : all) {
    for (std::string& name : names(testcase)) {
      if (seen.insert(name).second) known.push_back(std::move(name));
    }
  }
  for (const std::string& word : words) {
    if (std::ranges::any_of(known, [&](const std::string& name) { return glob_match(word, name); })) continue;
    return fail(place, fmt::format("'{}' matches none of {} testcases{}", printable(word), all.size(),
                                   did_you_mean(word, known)));
  }
  return {};
}

// The name of a scenario that is in no selected matrix, as one that was just written: no misspelling.
Result<void> check_in_matrices(const Project& project, const Selection& selection, const std::vector<Testcase>& all) {
  for (const std::string& name : selection.patterns) {
    const bool exists = std::ranges::find(project.scenario_names(), name) != project.scenario_names().end();
    const bool found =
        std::ranges::any_of(all, [&](const Testcase& testcase) { return testcase.scenario->name == name; });
    if (exists && !found) {
      return fail(fmt::format("'{}' is in none of the matrices; '{}@TARGET' selects it on a target", name, name));
    }
  }
  return {};
}

Result<void> check_selection(const Project& project, const Selection& selection, const std::vector<Testcase>& all) {
  using Names = std::vector<std::string>;
  if (all.empty()) {
    return fail(
        "there are no testcases: the project has no matrix (scenarios/NAME.matrix.json), and no cell is named "
        "outright (SCENARIO@TARGET)");
  }
  BOOTRIG_TRY_VOID(check_in_matrices(project, selection, all));
  BOOTRIG_TRY_VOID(check_words("", selection.patterns, all, [](const Testcase& testcase) {
    return Names{testcase.cell, testcase.scenario->name};
  }));
  BOOTRIG_TRY_VOID(check_words("--target", selection.targets, all, [](const Testcase& testcase) {
    return Names{testcase.target_id, testcase.target.name};
  }));
  BOOTRIG_TRY_VOID(check_words("--scenario", selection.scenarios, all,
                               [](const Testcase& testcase) { return Names{testcase.scenario->name}; }));
  return check_words("--tag", selection.tags, all, [](const Testcase& testcase) {
    Names tags = testcase.scenario->tags;
    tags.insert(tags.end(), testcase.target.tags.begin(), testcase.target.tags.end());
    return tags;
  });
}

// The shard of each testcase.
Result<std::vector<unsigned>> dealt_out(const std::vector<Testcase>& testcases, const Selection& selection) {
  std::vector<unsigned> shard_of;
  std::vector<std::string> cells;
  for (const Testcase& testcase : testcases) cells.push_back(testcase.cell);
  if (selection.dealt.empty()) return deal_shards(expected_durations(cells, selection.durations), selection.shards);
  for (const std::string& cell : cells) {
    const auto found = selection.dealt.find(cell);
    if (found == selection.dealt.end()) return fail(fmt::format("the plan that is given does not hold '{}'", cell));
    shard_of.push_back(found->second);
  }
  return shard_of;
}

std::vector<Testcase> repeated(const std::vector<Testcase>& testcases, unsigned repeat) {
  std::vector<Testcase> repeated;
  for (unsigned repetition = 1; repetition <= repeat; ++repetition) {
    for (Testcase testcase : testcases) {
      if (repetition > 1) testcase.id += fmt::format("#{}", repetition);
      repeated.push_back(std::move(testcase));
    }
  }
  return repeated;
}

// What takes longest begins first, where that is known: so no long one is left when all others are done.
void longest_first(std::vector<Testcase>& testcases, const std::map<std::string, Duration>& durations) {
  if (durations.empty()) return;
  const auto duration = [&](const Testcase& testcase) {
    const auto known = durations.find(testcase.cell);
    return known == durations.end() ? Duration{0} : known->second;
  };
  std::ranges::stable_sort(testcases, std::ranges::greater(), duration);
}

// Keeps the shard's part, each testcase `repeat` times, shuffled if asked: in this order, so that all shards of one
// seed and selection together are the whole.
Result<void> arrange(std::vector<Testcase> testcases, const Selection& selection, Plan& plan) {
  plan.shard = selection.shard;
  plan.shards = selection.shards;
  if (selection.shards == 1) {
    plan.testcases = repeated(testcases, selection.repeat);
  } else {
    BOOTRIG_TRY(const std::vector<unsigned> shard_of, dealt_out(testcases, selection));
    std::vector<Testcase> own;
    for (std::size_t i = 0; i < testcases.size(); ++i) {
      if (shard_of[i] == selection.shard) own.push_back(testcases[i]);
    }
    longest_first(own, selection.durations);
    plan.testcases = repeated(own, selection.repeat);
    plan.whole = repeated(testcases, selection.repeat);
    for (std::size_t i = 0; i < plan.whole.size(); ++i) plan.shard_of.push_back(shard_of[i % shard_of.size()]);
  }
  if (selection.shuffle) std::ranges::shuffle(plan.testcases, std::mt19937_64(*selection.shuffle));
  return {};
}

}  // namespace

Result<Plan> make_plan(const Project& project, const Selection& asked, const std::string& today) {
  BOOTRIG_TRY(const Selection selection, in_our_order(asked));
  Expander expander(project, today);
  Plan plan{.name = "selection", .testcases = {}, .excluded = {}};
  const std::vector<std::string>& matrices = selection.matrices.empty() ? project.matrix_names() : selection.matrices;
  for (const std::string& name : matrices) {
    BOOTRIG_TRY(const Matrix matrix, project.matrix(name));
    BOOTRIG_TRY_VOID(expander.add_matrix(matrix));
    if (selection.matrices.size() == 1) plan.name = matrix.name;
  }
  BOOTRIG_TRY_VOID(add_direct_cells(project, selection, expander));
  const std::vector<Testcase> all = expander.take();
  std::vector<Testcase> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen),
                       [&](const Testcase& testcase) { return selected(selection, testcase); });
  BOOTRIG_TRY_VOID(check_selection(project, selection, all));
  if (chosen.empty()) {
    return fail(
        fmt::format("the selection is empty: each of its words matches some of {} testcases, but none matches "
                    "all of them; 'bootrig plan' lists them",
                    all.size()));
  }
  plan.excluded = expander.take_excluded();
  const std::size_t count = chosen.size();
  BOOTRIG_TRY_VOID(arrange(std::move(chosen), selection, plan));
  if (plan.testcases.empty()) {
    return fail(fmt::format("shard {}/{} is empty: only {} testcase{} selected", selection.shard, selection.shards,
                            count, count == 1 ? " is" : "s are"));
  }
  return plan;
}

std::string today_utc() {
  return fmt::format("{:%Y-%m-%d}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace bootrig
