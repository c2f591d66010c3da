#include "reports/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/console_text.h"
#include "reports/comparison_report.h"

namespace bootrig {
namespace {

constexpr std::size_t kTroublesKept = 200;
constexpr std::size_t kTargetsTold = 24;  // rows of the table by target; past that by profile, level and GIC
constexpr std::size_t kTroublesTold = 25;
constexpr std::size_t kNamesKept = 200;
constexpr std::size_t kGroupNames = 3;
constexpr std::size_t kGroupsKept = 50;
constexpr std::size_t kLineIndent = 2, kLineLabel = 11;

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// A command or a path is of no use when it is cut; a console line says enough when it is; sentences
// are wrapped.
enum class Overlong { kLeave, kCut, kWrap };
Overlong treatment(const StoryLine& line) {
  if (line.label == "repeat" || line.label == "transcript") return Overlong::kLeave;
  return line.label.empty() || line.label == "console" ? Overlong::kCut : Overlong::kWrap;
}

void render_line(const StoryLine& line, const Style& style, std::string& text) {
  const std::string shown = console_text(line.text);
  const std::size_t left = style.beside(kLineIndent + kLineLabel);
  std::vector<std::string> lines{shown};
  if (treatment(line) == Overlong::kCut) lines = {cut_to(shown, left)};
  if (treatment(line) == Overlong::kWrap) lines = wrap_to(shown, left, 3);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += fmt::format("{:{}}{:{}}{}\n", "", kLineIndent, i == 0 ? line.label : "", kLineLabel, lines[i]);
  }
}

// "a, b, c and 7 more", filled into a few lines.
void render_names(std::string_view label, const std::vector<std::string>& names, std::size_t count, const Style& style,
                  std::string& text) {
  constexpr std::size_t kLines = 4;
  const std::size_t left = style.beside(kLineIndent + kLineLabel);
  std::vector<std::string> lines{""};
  std::size_t named = 0;
  for (const std::string& name : names) {
    const std::string shown = console_text(name);
    const std::size_t needed =
        columns_of(lines.back()) + columns_of(shown) + 2 + std::string_view(" and 1000 more").size();
    if (!lines.back().empty() && needed > left) {
      if (lines.size() == kLines) break;
      lines.back() += ",";
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ", ";
    lines.back() += cut_to(shown, left);
    ++named;
  }
  if (named < count) lines.back() += fmt::format(" and {} more", count - named);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += fmt::format("{:{}}{:{}}{}\n", "", kLineIndent, i == 0 ? label : "", kLineLabel, lines[i]);
  }
}

std::string heading(Standing standing, std::string_view rest, const Style& style) {
  const std::size_t used = to_text(standing).size() + 1;
  return fmt::format("{} {}\n", standing_word(standing, style), cut_to(console_text(rest), style.beside(used)));
}

// Below a testcase's line: its subtests that failed.
std::string subtest_lines(const RunResult& result, const Style& style) {
  constexpr std::size_t kShown = 10, kIndent = 7;
  std::string text;
  std::size_t failed = 0;
  for (const Subtest& subtest : result.subtests) {
    if (subtest.status != Subtest::Status::kFail || ++failed > kShown) continue;
    const std::string line =
        fmt::format("not ok  {}{}{}", subtest.name, subtest.detail.empty() ? "" : ": ", subtest.detail);
    text += fmt::format("{:{}}{}\n", "", kIndent, cut_to(console_text(line), style.beside(kIndent)));
  }
  if (failed > kShown) text += fmt::format("{:{}}and {} more subtests failed\n", "", kIndent, failed - kShown);
  return text;
}

}  // namespace

std::string standing_word(Standing standing, const Style& style) {
  return coloured(upper(to_text(standing)), colour_of(standing), style);
}

std::string result_line(const RunResult& result, const Style& style) {
  const std::string word = upper(to_text(result.standing));
  const bool plain = result.standing == Standing::kPassed;
  std::string why = result.verdict.cause == Cause::kNone ? "" : fmt::format("{}: ", to_text(result.verdict.cause));
  if (!plain) why += summary_line(result);
  const std::string rest = fmt::format("{}  {}{}{}", console_text(result.id), seconds_text(result.duration),
                                       plain ? "" : "  ", console_text(why));
  const std::size_t used = std::max<std::size_t>(word.size(), 5) + 2;
  return fmt::format("{}{:{}}{}\n", standing_word(result.standing, style), "", used - word.size(),
                     cut_to(rest, style.beside(used))) +
         subtest_lines(result, style);
}

std::string totals_words(const RunTotals& totals) {
  std::string text;
  const auto add = [&](std::size_t count, std::string_view words) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, words);
  };
  add(totals.passed, "passed");
  add(totals.expected_failures, "failed as expected");
  add(totals.failed, "failed");
  add(totals.errors, totals.errors == 1 ? "error" : "errors");
  add(totals.flaky, "flaky");
  add(totals.quarantined, "quarantined");
  add(totals.skipped, "skipped");
  return text;
}

std::string totals_line(const RunTotals& totals, std::size_t planned, std::size_t missing, Duration elapsed) {
  std::string text = totals_words(totals);
  if (text.empty()) text = "nothing was run";
  text += " in " + seconds_text(elapsed);
  if (missing > 0) text += fmt::format("; {} of {} planned testcases have no result", missing, planned);
  return text;
}

// A row for the 100th target that stays a row: "virt, EL2, GICv3", whatever its memory and CPUs.
static std::string group_of(const RunResult& result) {
  const auto value = [&](const char* key) {
    const auto found = result.target_values.find(key);
    return found == result.target_values.end() ? std::string("?") : found->second;
  };
  return fmt::format("{}, EL{}, GICv{}", result.target_name, value("level"), value("gic"));
}

void Summary::add(const RunResult& result) {
  TargetRow& row = rows_[result.target];
  if (row.values.empty()) row.values = result.target_values;
  for (TargetRow* counted : {&row, &groups_[group_of(result)]}) {
    ++counted->counts[static_cast<std::size_t>(result.standing)];
    counted->time += result.duration;
  }
  if (!result.attempts.empty() && !result.attempts.back().outcome.machine.host.empty()) {
    const MachineFacts& machine = result.attempts.back().outcome.machine;
    HostCount& host = hosts_[machine.host];
    ++host.testcases;
    host.time_scale = machine.time_scale;
  }
  if (gates(result.standing)) add_trouble(result);
  rates_.add(result);
  findings_ += result.findings.size();
  with_findings_ += !result.findings.empty();

  const auto note = [&](std::map<std::string, Group>& groups, std::string reason) {
    if (groups.size() >= kGroupsKept && !groups.contains(reason)) reason = "other reasons";
    Group& group = groups[reason];
    if (group.first.size() < kGroupNames) group.first.push_back(result.id);
    ++group.count;
  };
  if (result.standing == Standing::kSkipped) note(skipped_, summary_line(result));
  if (result.standing == Standing::kQuarantined) note(quarantined_, summary_line(result));
  if (result.standing == Standing::kFlaky) note(flaky_, headline(result));
}

void Summary::add_trouble(const RunResult& result) {
  const Diagnosis* diagnosis = explanation(result);
  if (diagnosis != nullptr) causes_.add(result.id, *diagnosis);
  const std::string key = sameness(result);
  if (const auto known = trouble_of_.find(key); known != trouble_of_.end()) {
    Trouble& trouble = troubles_[known->second];
    ++trouble.others;
    if (trouble.other_ids.size() < kNamesKept) trouble.other_ids.push_back(result.id);
    return;
  }
  if (troubles_.size() >= kTroublesKept) {
    ++untold_;
    return;
  }
  trouble_of_.emplace(key, troubles_.size());
  troubles_.push_back({result.standing, result.id, headline(result), story_of(result), 0, {}, diagnosis != nullptr});
}

// "new", "known since ...", and of a trouble whose testcases differ in it "2 new; 3 known since ...".
static std::string past_words(const std::vector<std::string>& ids,
                              const std::unordered_map<std::string_view, const ChangeGroup*>& past) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& id : ids) {
    if (const auto found = past.find(cell_of(id)); found != past.end()) ++counts[change_words(*found->second)];
  }
  std::string text;
  for (const auto& [words, count] : counts) {
    const std::string number = counts.size() > 1 ? fmt::format("{} ", count) : "";
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", number, words);
  }
  return text;
}

void Summary::render_trouble(const Trouble& trouble, const Style& style, const Past& past, std::string& text) {
  text += heading(trouble.standing, fmt::format("{}  {}", trouble.id, trouble.headline), style);
  std::vector<std::string> ids = trouble.other_ids;
  ids.push_back(trouble.id);
  if (const std::string words = past_words(ids, past); !words.empty()) render_line({"history", words}, style, text);
  for (const StoryLine& line : trouble.story) render_line(line, style, text);
  if (trouble.others > 0 && !trouble.explained)
    render_names("the same", trouble.other_ids, trouble.others, style, text);
  text += '\n';
}

void Summary::render_troubles(const Style& style, const Past& past, std::string& text) const {
  const std::size_t told = style.verbose ? troubles_.size() : std::min(troubles_.size(), kTroublesTold);
  for (std::size_t i = 0; i < told; ++i) render_trouble(troubles_[i], style, past, text);
  for (std::size_t i = told; i < troubles_.size(); ++i) {
    const Trouble& trouble = troubles_[i];
    const std::string more = trouble.others == 0 ? "" : fmt::format(" (and {} more)", trouble.others);
    text += heading(trouble.standing, fmt::format("{}{}  {}", trouble.id, more, trouble.headline), style);
  }
  if (untold_ > 0) text += fmt::format("and {} other failures; the reports hold them\n", untold_);
  if (told < troubles_.size() || untold_ > 0) text += '\n';
}

void Summary::render_groups(std::string_view title, const std::map<std::string, Group>& groups, const Style& style,
                            std::string& text) {
  if (groups.empty()) return;
  text += fmt::format("{}:\n", title);
  for (const auto& [reason, group] : groups) {
    text += cut_to(fmt::format("{:5}  {}", group.count, console_text(reason)), style.width) + "\n";
    std::string names;
    for (const std::string& id : group.first) names += (names.empty() ? "" : ", ") + console_text(id);
    if (group.count > group.first.size()) names += fmt::format(" and {} more", group.count - group.first.size());
    text += cut_to("       " + names, style.width) + "\n";
  }
  text += '\n';
}

std::string Summary::text(const Style& style, const Comparison* comparison) const {
  Past past;
  if (comparison != nullptr) {
    for (const ChangeGroup& group : comparison->groups) {
      for (const std::string& cell : group.cells) past.emplace(cell, &group);
    }
  }
  std::string text;
  render_troubles(style, past, text);
  // One testcase's cause stands in its story.
  if (causes_.testcases() > 1) text += causes_text(causes_, style) + '\n';
  if (comparison != nullptr) {
    if (const std::string fixed = fixed_text(*comparison, style); !fixed.empty()) text += fixed + '\n';
  }
  render_groups("flaky", flaky_, style, text);
  render_groups("quarantined", quarantined_, style, text);
  render_groups("skipped", skipped_, style, text);
  if (const std::string rates = rates_text(rates_, style); !rates.empty()) text += rates + '\n';
  if (findings_ > 0) {
    text += fmt::format("preflight: {} finding{} about the image in {} testcase{}; report.json has them\n\n", findings_,
                        findings_ == 1 ? "" : "s", with_findings_, with_findings_ == 1 ? "" : "s");
  }
  for (const auto& [name, host] : hosts_) {
    text +=
        fmt::format("host {}: {} testcase{}{}\n", console_text(name), host.testcases, host.testcases == 1 ? "" : "s",
                    host.time_scale == 1.0 ? "" : fmt::format(", time limits times {:g}", host.time_scale));
  }
  if (!hosts_.empty()) text += '\n';
  if (!rows_.empty()) {
    text += target_table(rows_.size() > kTargetsTold ? groups_ : rows_, style);
    text += '\n';
  }
  return text;
}

}  // namespace bootrig
