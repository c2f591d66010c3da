#include "match/watch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "match/console_line.h"

namespace bootrig::match {
namespace {

constexpr std::string_view kRegexMark = "re:";
// Matches in every line.
constexpr const char* kEveryLine = "(?m:^)";

const std::optional<Regex>& alternation_of(std::optional<Regex>& slot, const std::vector<std::string>& parts) {
  if (parts.empty()) return slot;
  std::string expression;
  for (const std::string& part : parts) expression += (expression.empty() ? "" : "|") + part;
  auto compiled = Regex::compile(expression, Regex::Scope::kRun);
  // Each part compiles; all of them may be too large for one program. Then every line is looked at
  // by itself.
  if (!compiled) compiled = Regex::compile(kEveryLine, Regex::Scope::kRun);
  slot = std::move(*compiled);
  return slot;
}

// The end of the character class that begins at `at`; size() when it has none.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') {
    const std::string_view rest = pattern.substr(at);
    if (rest.starts_with("[:") && rest.find(":]") != std::string_view::npos) {
      at += rest.find(":]") + 2;
    } else {
      at += rest.front() == '\\' ? 2 : 1;
    }
  }
  return std::min(at + 1, pattern.size());
}

// Expressions whose meaning changes when many lines stand in one text: the ends of the text itself,
// and flags that undo (?m). \Q...\E is left out to keep the scan for '$' simple.
bool needs_single_lines(std::string_view pattern) {
  for (const char* part : {"\\A", "\\z", "\\Q"})
    if (pattern.find(part) != std::string_view::npos) return true;
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos; at = pattern.find("(?", at + 1)) {
    const std::size_t end = pattern.find_first_not_of("imsU-", at + 2);
    if (pattern.substr(at, end - at).find('m') != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Result<TextPattern> TextPattern::parse(const std::string& place, std::string_view written) {
  TextPattern pattern;
  pattern.written_ = written;
  if (!written.starts_with(kRegexMark)) {
    if (written.empty()) return fail(place, "the pattern is empty; it would match every line");
    pattern.literal_ = written;
    return pattern;
  }
  const std::string_view expression = written.substr(kRegexMark.size());
  if (expression.empty()) return fail(place, "the regular expression after 're:' is empty");
  auto compiled = Regex::compile(expression);
  if (!compiled) {
    std::string message = "'" + pattern.written_ + "' is no regular expression: " + compiled.error().message;
    if (compiled.error().message.ends_with("(?<")) message += "; a named group is written (?P<name>...)";
    return fail(place, std::move(message));
  }
  pattern.regex_ = std::move(*compiled);
  return pattern;
}

std::string TextPattern::expression() const {
  return is_literal() ? Regex::quote(literal_) : written_.substr(kRegexMark.size());
}

bool TextPattern::found_in(std::string_view line) const {
  return is_literal() ? line.find(literal_) != std::string_view::npos : regex_->found_in(line);
}

std::optional<std::size_t> TextPattern::earliest_end(std::string_view line, std::size_t from, bool complete) const {
  if (!is_literal()) return regex_->earliest_end(line, from, false, complete);
  const std::size_t found = line.find(literal_, from);
  if (found == std::string_view::npos) return std::nullopt;
  return found + literal_.size();
}

std::optional<Regex::Match> TextPattern::match_of(std::string_view line, std::size_t from, std::size_t earliest_end,
                                                  bool complete) const {
  CHECK(!is_literal());
  return regex_->match_of(line, from, earliest_end, complete);
}

std::vector<std::string> TextPattern::names() const {
  return is_literal() ? std::vector<std::string>() : regex_->names();
}

std::string as_run_expression(std::string_view pattern) {
  if (needs_single_lines(pattern)) return kEveryLine;
  std::string text = "(?m:";
  for (std::size_t at = 0; at < pattern.size();) {
    std::size_t end = at + 1;
    if (pattern[at] == '\\') end = std::min(at + 2, pattern.size());
    if (pattern[at] == '[') end = class_end(pattern, at);
    // The end of a cleaned line stands before the '\r's of the raw one.
    text += pattern[at] == '$' ? "(?:\\r*$)" : pattern.substr(at, end - at);
    at = end;
  }
  return text + ")";
}

Watchlist make_watchlist(std::vector<WatchedPattern> patterns, std::optional<TextPattern> boot_until) {
  Watchlist list;
  std::vector<std::string> parts;
  for (const WatchedPattern& watched : patterns) parts.push_back(as_run_expression(watched.pattern.expression()));
  alternation_of(list.any, parts);
  if (boot_until) {
    alternation_of(list.boot, {as_run_expression(boot_until->expression())});
    parts.push_back(as_run_expression(boot_until->expression()));
    alternation_of(list.any_or_boot, parts);
  }
  list.patterns = std::move(patterns);
  list.boot_until = std::move(boot_until);
  return list;
}

const Regex* Watch::wanted(const Watchlist& list) const {
  const bool boot = list.boot_until && !boot_line_seen_;
  const auto& regex = hit_ ? list.boot : (boot ? list.any_or_boot : list.any);
  return (hit_ && !boot) || !regex ? nullptr : &*regex;
}

void Watch::scan(const Watchlist& list, std::string_view text, const Locate& locate) {
  std::size_t from = 0;
  for (const Regex* regex = wanted(list); regex != nullptr && from <= text.size(); regex = wanted(list)) {
    const auto at = regex->find(text, from);
    if (!at) return;
    const std::size_t newline = *at == 0 ? std::string_view::npos : text.rfind('\n', *at - 1);
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    const std::size_t end = std::min(text.find('\n', *at), text.size());
    inspect(list, without_trailing_cr(text.substr(begin, end - begin)), [&] {
      return locate(
          static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n')));
    });
    from = end + 1;
  }
}

void Watch::inspect(const Watchlist& list, std::string_view line, const std::function<SeenLine()>& locate) {
  if (list.boot_until && !boot_line_seen_) boot_line_seen_ = list.boot_until->found_in(line);
  if (hit_) return;
  for (const WatchedPattern& watched : list.patterns) {
    if (!watched.pattern.found_in(line)) continue;
    hit_ = SignatureHit{watched.name, watched.forbidden, watched.kind, locate()};
    hit_->line.text = line.substr(0, kSeenMax);
    return;
  }
}

}  // namespace bootrig::match
