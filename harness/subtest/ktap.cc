// KTAP. A level is what stands at one indentation behind a version line; the result line of the level around it names
// it and ends it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "subtest/dialect.h"

namespace bootrig::subtest {
namespace {

constexpr std::size_t kDepthMax = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits at the beginning, which are taken away.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  const auto number = parse_count(text.substr(0, end));
  if (!number) return std::nullopt;
  text.remove_prefix(end);
  return *number;
}

// Without "[    1.234567] " and "[    1.234567][    T1] " of the kernel's log.
std::string_view without_timestamp(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t close = line.find(']');
  if (close == std::string_view::npos) return line;
  const std::string_view inside = line.substr(1, close - 1);
  const bool time =
      inside.find_first_not_of(" .0123456789") == std::string_view::npos && inside.find('.') != std::string_view::npos;
  if (!time) return line;
  line.remove_prefix(close + 1);
  if (line.starts_with('[') && line.find(']') != std::string_view::npos) line.remove_prefix(line.find(']') + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

struct Level {
  std::size_t indent = 0;
  std::uint64_t line = 0;  // at which it began
  std::string name;        // of "# Subtest:"
  std::optional<std::uint64_t> plan;
  std::uint64_t results = 0;
  std::size_t first = 0;  // of the subtests below it
};

struct ResultLine {
  bool ok = false;
  std::optional<std::uint64_t> number;
  std::string_view name;
  std::string_view directive;  // "SKIP"
  std::string_view reason;
};

std::optional<ResultLine> parse_result(std::string_view text) {
  ResultLine result;
  result.ok = text.starts_with("ok ") || text == "ok";
  if (!result.ok && !text.starts_with("not ok ") && text != "not ok") return std::nullopt;
  text.remove_prefix(result.ok ? 2 : 6);
  text = trim(text);
  result.number = take_number(text);
  text = trim(text);
  if (text.starts_with("- ")) text.remove_prefix(2);
  const std::size_t mark = text.starts_with("# ") ? 0 : text.find(" # ");
  result.name = trim(text.substr(0, mark));
  if (mark == std::string_view::npos) return result;
  const std::string_view directive = trim(text.substr(text.find('#', mark) + 1));
  const std::size_t end = std::min(directive.find(' '), directive.size());
  result.directive = directive.substr(0, end);
  result.reason = trim(directive.substr(end));
  return result;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// A failure that is known (TODO, XFAIL) and a test that was not run say nothing against the guest.
Subtest::Status status_of(const ResultLine& result) {
  for (const char* word : {"SKIP", "TODO", "XFAIL"}) {
    if (same_word(result.directive, word)) return Subtest::Status::kSkip;
  }
  const bool bad = same_word(result.directive, "TIMEOUT") || same_word(result.directive, "ERROR");
  return result.ok && !bad ? Subtest::Status::kPass : Subtest::Status::kFail;
}

class Ktap final : public Dialect {
 public:
  void take_line(std::string_view line, std::uint64_t number) override {
    line = without_timestamp(line);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view text = line.substr(indent);
    if (text.starts_with("KTAP version ") || text.starts_with("TAP version ")) {
      begin_level(indent, number);
    } else if (levels_.empty()) {
      return;
    } else if (text.starts_with("1..")) {
      take_plan(indent, text.substr(3));
    } else if (text.starts_with("# ")) {
      take_comment(indent, text.substr(2));
    } else if (const auto result = parse_result(text)) {
      take_result(indent, *result, number);
    }
  }

  std::unique_ptr<Dialect> copy() const override { return std::make_unique<Ktap>(*this); }

  SubtestFacts finish() override {
    if (!any_) problem("no KTAP came");
    close_levels(0, "");
    return std::move(facts_);
  }

 private:
  void begin_level(std::size_t indent, std::uint64_t number) {
    any_ = true;
    close_levels(indent, "");
    if (levels_.size() == kDepthMax) return problem(fmt::format("line {}: nested too deeply", number));
    Level level;
    level.indent = indent;
    level.line = number;
    level.first = facts_.subtests.size();
    levels_.push_back(std::move(level));
    diagnostic_.clear();
  }

  void take_plan(std::size_t indent, std::string_view text) {
    Level& level = levels_.back();
    const auto planned = take_number(text);
    if (level.indent == indent && planned && !level.plan) level.plan = *planned;
  }

  void take_comment(std::size_t indent, std::string_view text) {
    constexpr std::string_view kSubtest = "Subtest: ";
    if (text.starts_with(kSubtest)) {
      if (levels_.back().indent == indent) levels_.back().name = trim(text.substr(kSubtest.size())).substr(0, kNameMax);
    } else if (diagnostic_.empty()) {
      diagnostic_ = text;
    }
  }

  void take_result(std::size_t indent, const ResultLine& line, std::uint64_t number) {
    const bool ours =
        std::any_of(levels_.begin(), levels_.end(), [&](const Level& level) { return level.indent == indent; });
    if (!ours) return;  // "ok" is also a word
    const std::size_t children = close_levels(indent + 1, line.name);
    Level& level = levels_.back();
    ++level.results;
    if (line.number && *line.number != level.results) {
      problem(fmt::format("line {}: result {} came where {} was due", number, *line.number, level.results));
      level.results = *line.number;
    }
    Subtest subtest{std::string(line.name), status_of(line), std::string(line.reason), number};
    if (subtest.name.empty()) subtest.name = std::to_string(level.results);
    if (subtest.status == Subtest::Status::kFail && subtest.detail.empty()) subtest.detail = diagnostic_;
    diagnostic_.clear();
    // What is around others is told by them, unless they do not tell that it failed.
    const bool told =
        children != facts_.subtests.size() &&
        (subtest.status != Subtest::Status::kFail ||
         std::any_of(facts_.subtests.begin() + static_cast<std::ptrdiff_t>(children), facts_.subtests.end(),
                     [](const Subtest& child) { return child.status == Subtest::Status::kFail; }));
    if (!told) add(std::move(subtest));
  }

  // Ends the levels that stand at `indent` or deeper; `name` is that of the result line around them, or empty when none
  // came. Where the subtests below them begin.
  std::size_t close_levels(std::size_t indent, std::string_view name) {
    std::size_t first = facts_.subtests.size();
    while (!levels_.empty() && levels_.back().indent >= indent) {
      const Level level = std::move(levels_.back());
      levels_.pop_back();
      first = level.first;
      const bool named = !name.empty() && (levels_.empty() || levels_.back().indent < indent);
      const std::string known = named ? std::string(name.substr(0, kNameMax)) : level.name;
      const std::string shown = known.empty() ? fmt::format("line {}", level.line) : fmt::format("'{}'", known);
      check_plan(level, shown);
      if (!levels_.empty() && !named) problem(fmt::format("{} has begun, and no result of it came", shown));
      if (known.empty()) continue;
      for (std::size_t i = first; i < facts_.subtests.size(); ++i) {
        std::string& full = facts_.subtests[i].name;
        full = (known + "." + full).substr(0, kNameMax);
      }
    }
    return first;
  }

  void check_plan(const Level& level, const std::string& shown) {
    if (!level.plan) return problem(fmt::format("{} has no plan", shown));
    if (*level.plan == level.results) return;
    problem(
        fmt::format("{} planned {} result{}, {} came", shown, *level.plan, *level.plan == 1 ? "" : "s", level.results));
  }

  bool any_ = false;
  std::vector<Level> levels_;  // from the outermost
  std::string diagnostic_;     // the first since the last result
};

}  // namespace

std::unique_ptr<Dialect> make_ktap() {
  return std::make_unique<Ktap>();
}

}  // namespace bootrig::subtest
