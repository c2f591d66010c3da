#include "reports/comparison_report.h"

#include <fmt/format.h>

#include "base/console_text.h"
#include "json/members.h"
#include "reports/run_list.h"
#include "reports/signature_groups.h"
#include "run/result_json.h"
#include "triage/diagnosis_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kIndent = 6, kLines = 4;
constexpr Change kChanges[] = {Change::kNew, Change::kKnown, Change::kFixed, Change::kFlaky};

std::string plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string run_words(const ComparedRun& run) {
  const std::string revision = run.info.revision.empty() ? "" : run.info.revision + ", ";
  return fmt::format("{} ({}{})", run.source, revision, minute_text(run.info.started_at_ms));
}

// "2 new, 3 known, 1 fixed, 0 flaky".
std::string count_words(const Comparison& comparison) {
  std::string text;
  for (const Change change : kChanges) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", comparison.count(change), to_text(change));
  }
  return text;
}

std::string rest_words(const Comparison& comparison) {
  std::string text = fmt::format(" of {}", plural(comparison.tried, "testcase"));
  if (comparison.quarantined > 0) text += fmt::format("; {} fail in quarantine", comparison.quarantined);
  if (comparison.not_tried_before > 0) text += fmt::format("; {} were not tried before", comparison.not_tried_before);
  if (comparison.not_tried_now > 0) text += fmt::format("; {} of before were not tried now", comparison.not_tried_now);
  return text;
}

void add_indented(std::string_view words, const Style& style, std::string& text) {
  for (const std::string& line : wrap_to(words, style.beside(kIndent), kLines)) {
    text += fmt::format("{:{}}{}\n", "", kIndent, line);
  }
}

int colour_of(Change change) {
  return change == Change::kNew ? kRed : change == Change::kFixed ? kGreen : kYellow;
}

JsonValue run_to_json(const ComparedRun& run) {
  return JsonValue::Object{{"source", run.source}, {"run", to_json(run.info)}};
}

JsonValue since_to_json(const Since& since) {
  JsonValue::Object object{{"revision", since.revision}, {"at-ms", since.at_ms}};
  if (since.run > 0) object.emplace_back("run", since.run);
  return object;
}

JsonValue group_to_json(const ChangeGroup& group) {
  JsonValue::Object object{{"change", to_text(group.change)},       {"signature", group.signature},
                           {"cause", to_text(group.trouble.cause)}, {"root-cause", group.trouble.root_cause},
                           {"detail", group.trouble.detail},        {"testcases", texts_to_json(group.cells)}};
  if (group.since) object.emplace_back("since", since_to_json(*group.since));
  if (group.earlier) {
    JsonValue::Object earlier{{"first", since_to_json(group.earlier->first)},
                              {"last", since_to_json(group.earlier->last)}};
    if (group.earlier->mended) earlier.emplace_back("mended", since_to_json(*group.earlier->mended));
    object.emplace_back("earlier", std::move(earlier));
  }
  return object;
}

}  // namespace

std::string since_text(const Since& since) {
  const std::string day = day_text(since.at_ms);
  return since.revision.empty() ? day : fmt::format("{} ({})", since.revision, day);
}

// "seen first at 1a2b (2026-11-20), last at 3c4d (2026-11-21), mended at 5e6f (2026-11-22)".
std::string earlier_words(const EarlierLife& life) {
  std::string text = "seen first at " + since_text(life.first);
  if (life.last.run != life.first.run) text += ", last at " + since_text(life.last);
  return text + (life.mended ? ", mended at " + since_text(*life.mended) : "");
}

std::string change_words(const ChangeGroup& group) {
  const std::string since = group.since ? since_text(*group.since) : "";
  switch (group.change) {
    case Change::kNew:
      if (group.earlier) return "come back: " + earlier_words(*group.earlier);
      return group.untried == group.cells.size() ? "new; no earlier run of it is known" : "new";
    case Change::kKnown:
      return since.empty() ? "known, of other testcases" : "known since " + since;
    case Change::kFixed:
      return since.empty() ? "fixed" : "fixed; it failed since " + since;
    case Change::kFlaky:
      return since.empty() ? "flaky: passed and failed in this run"
                           : fmt::format("flaky: passed with the same image at {}", since);
  }
  return "";
}

std::string comparison_text(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison,
                            const Style& style) {
  std::string text =
      cut_to(console_text(fmt::format("{} -> {}", run_words(before), run_words(now))), style.width) + "\n";
  for (const ChangeGroup& group : comparison.groups) {
    const std::string word(to_text(group.change));
    const std::string rest = fmt::format("{}  {}", plural(group.cells.size(), "testcase"), group.signature);
    text += fmt::format("{:{}}{} {}\n", "", 5 - word.size(), coloured(word, colour_of(group.change), style),
                        cut_to(console_text(rest), style.beside(kIndent)));
    if (change_words(group) != to_text(Change::kNew)) {
      add_indented(console_text(change_words(group)), style, text);
    }
    add_indented(console_text(group.trouble.detail), style, text);
    add_indented(first_names(group.cells), style, text);
  }
  return text + count_words(comparison) + rest_words(comparison) + "\n";
}

std::string comparison_markdown(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison) {
  std::string text = fmt::format("{} → {}\n\n**{}**{}\n", markdown_escape(run_words(before)),
                                 markdown_escape(run_words(now)), count_words(comparison), rest_words(comparison));
  if (!comparison.groups.empty()) text += "\n| | testcases | failure | |\n|---|---|---|---|\n";
  for (const ChangeGroup& group : comparison.groups) {
    text += fmt::format("| {} | {}: {} | {} | {} |\n", to_text(group.change), group.cells.size(),
                        markdown_escape(first_names(group.cells)), markdown_escape(group.signature),
                        markdown_escape(change_words(group)));
  }
  return text;
}

JsonValue comparison_json(const ComparedRun& before, const ComparedRun& now, const Comparison& comparison) {
  JsonValue::Object counts;
  for (const Change change : kChanges) counts.emplace_back(to_text(change), std::uint64_t{comparison.count(change)});
  JsonValue::Array groups;
  for (const ChangeGroup& group : comparison.groups) groups.push_back(group_to_json(group));
  return JsonValue::Object{{"schema", "bootrig-compare-1"},
                           {"before", run_to_json(before)},
                           {"now", run_to_json(now)},
                           {"counts", std::move(counts)},
                           {"tried", std::uint64_t{comparison.tried}},
                           {"quarantined", std::uint64_t{comparison.quarantined}},
                           {"not-tried-before", std::uint64_t{comparison.not_tried_before}},
                           {"not-tried-now", std::uint64_t{comparison.not_tried_now}},
                           {"groups", std::move(groups)}};
}

std::string fixed_text(const Comparison& comparison, const Style& style) {
  std::string text;
  for (const ChangeGroup& group : comparison.groups) {
    if (group.change != Change::kFixed) continue;
    if (text.empty()) text = "fixed:\n";
    const std::string since = group.since ? fmt::format("; failed since {}", since_text(*group.since)) : "";
    text +=
        cut_to(console_text(fmt::format("{:5}  {}{}", group.cells.size(), group.signature, since)), style.width) + "\n";
    text += cut_to(fmt::format("{:{}} {}", "", kIndent, first_names(group.cells)), style.width) + "\n";
  }
  return text;
}

}  // namespace bootrig
