#include "match/line_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bootrig::match {
namespace {

struct Kind {
  const char* name;
  const char* expression;
};
constexpr std::array<Kind, 4> kKinds{{
    {"hex", "(?:0x)?[0-9a-fA-F]+"},
    {"dec", "-?[0-9]+"},
    {"word", "\\S+"},
    {"any", ".*"},
}};

const Kind* find_kind(std::string_view name) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return name == kind.name; });
  return found == kKinds.end() ? nullptr : found;
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

// Where the "}}" that closes a placeholder begins. A regular expression may itself end in '}': its
// end is the last
// "}}" of a row.
std::size_t find_close(std::string_view text, std::size_t from) {
  std::size_t close = text.find("}}", from);
  if (close == std::string_view::npos || !text.substr(from).starts_with("re:")) return close;
  while (close + 2 < text.size() && text[close + 2] == '}') ++close;
  return close;
}

Result<void> refuse_kind(const std::string& place, std::string_view inside, std::string_view kind) {
  const std::vector<std::string> kinds{"hex", "dec", "word", "any", "re"};
  return fail(place, fmt::format("'{{{{{}}}}}': there is no placeholder '{}', only {}{}", inside, kind, one_of(kinds),
                                 did_you_mean(kind, kinds)));
}

}  // namespace

const std::string* Bound::find(const std::string& name) const {
  if (const auto found = tried.find(name); found != tried.end()) return &found->second;
  const auto found = kept.find(name);
  return found == kept.end() ? nullptr : &found->second;
}

Result<LinePattern> LinePattern::parse(const std::string& place, std::string_view written, NameUses& names) {
  LinePattern pattern;
  std::size_t at = 0;
  while (at < written.size()) {
    const std::size_t open = written.find("{{", at);
    if (open != at) {
      pattern.pieces_.push_back({kLiteral, std::string(written.substr(at, open - at)), "", 0});
      at = std::min(open, written.size());
      continue;
    }
    const std::size_t close = find_close(written, open + 2);
    if (close == std::string_view::npos) {
      return fail(place,
                  "'{{' opens a placeholder that no '}}' closes; for the two characters themselves "
                  "write {{re:\\{\\{}}");
    }
    const std::string_view inside = written.substr(open + 2, close - open - 2);
    BOOTRIG_TRY_VOID(pattern.add_placeholder(place, inside, names));
    at = close + 2;
  }
  if (pattern.pieces_.empty()) pattern.pieces_.push_back({kLiteral, "", "", 0});
  if (pattern.pieces_.size() == 1 && pattern.pieces_[0].kind == kLiteral) return pattern;
  auto compiled = Regex::compile(pattern.expression(nullptr));
  if (!compiled) return fail(place, compiled.error().message);
  pattern.regex_ = std::move(*compiled);
  return pattern;
}

Result<void> LinePattern::add_placeholder(const std::string& place, std::string_view inside, NameUses& names) {
  const std::size_t colon = inside.find(':');
  const std::string_view kind = inside.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : inside.substr(colon + 1);
  if (kind == "re") {
    if (rest.empty()) return fail(place, fmt::format("'{{{{{}}}}}': the regular expression is empty", inside));
    const auto compiled = Regex::compile(rest);
    if (!compiled) return fail(place, fmt::format("'{{{{{}}}}}': {}", inside, compiled.error().message));
    pieces_.push_back({"re", std::string(rest), "", compiled->groups()});
    return {};
  }
  const Kind* known = find_kind(kind);
  if (known == nullptr) return refuse_kind(place, inside, kind);
  if (colon != std::string_view::npos) BOOTRIG_TRY_VOID(add_name(place, inside, kind, rest, names));
  pieces_.push_back({known->name, known->expression, std::string(rest), 0});
  return {};
}

Result<void> LinePattern::add_name(const std::string& place, std::string_view inside, std::string_view kind,
                                   std::string_view name, NameUses& names) {
  if (!is_name(name)) {
    return fail(place, fmt::format("'{{{{{}}}}}': a name begins with a letter a-z and holds a-z, 0-9 and '-'", inside));
  }
  const auto [use, fresh] = names.try_emplace(std::string(name), std::string(kind), place);
  if (use->second.kind != kind) {
    return fail(place, fmt::format("'{{{{{}}}}}': '{}' is a '{}' in {}; a name has one kind", inside, name,
                                   use->second.kind, use->second.place));
  }
  const bool twice =
      std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.name == name; });
  // Where a text that may be anything ends and its twin begins has more than one answer.
  if (twice && kind == "any") {
    return fail(place, fmt::format("'{{{{{}}}}}': an 'any' cannot stand twice in one line; take 'word'", inside));
  }
  return {};
}

std::string LinePattern::expression(const Bound* bound) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    const std::string* value = bound == nullptr || piece.name.empty() ? nullptr : bound->find(piece.name);
    if (piece.kind == kLiteral) {
      text += Regex::quote(piece.text);
    } else if (value != nullptr) {
      text += Regex::quote(*value);
    } else {
      text += (piece.name.empty() ? "(?:" : "(") + piece.text + ")";
    }
  }
  return text;
}

// Adds what the groups captured to bound.tried; false when a name would have two texts.
// `written_out`: the expression has no groups for names that were bound before.
bool LinePattern::take(const std::vector<std::string_view>& groups, const Bound& bound, bool written_out) const {
  Captures fresh;
  std::size_t next = 0;
  for (const Piece& piece : pieces_) {
    next += static_cast<std::size_t>(piece.groups);
    if (piece.name.empty()) continue;
    const std::string* value = bound.find(piece.name);
    if (value != nullptr && written_out) continue;
    const std::string_view text = groups[next++];
    if (value != nullptr ? *value != text : fresh.try_emplace(piece.name, text).first->second != text) {
      return false;
    }
  }
  bound.tried.merge(fresh);
  return true;
}

const Regex* LinePattern::written_out(const Bound& bound, BoundRegex& cache) const {
  std::string key = expression(&bound);
  if (!cache.regex || cache.key != key) {
    auto compiled = Regex::compile(key);
    cache.regex.reset();
    // A captured text may be too long for an expression; the line then counts as another one.
    if (!compiled) return nullptr;
    cache = {std::move(key), std::move(*compiled)};
  }
  return &*cache.regex;
}

bool LinePattern::fits(std::string_view line, Bound bound, BoundRegex& cache) const {
  if (is_literal()) return line == pieces_[0].text;
  if (pieces_[0].kind == kLiteral && !line.starts_with(pieces_[0].text)) return false;
  std::vector<std::string_view> groups;
  if (!regex_->matches(line, groups)) return false;
  if (take(groups, bound, false)) return true;
  // The groups split the line in another way than the bound texts ask for; there may be one that
  // does.
  const Regex* exact = written_out(bound, cache);
  return exact != nullptr && exact->matches(line, groups) && take(groups, bound, true);
}

std::optional<std::size_t> LinePattern::fits_beginning(std::string_view line, bool complete, Bound bound,
                                                       BoundRegex& cache) const {
  if (is_literal()) {
    return line.starts_with(pieces_[0].text) ? std::optional(pieces_[0].text.size()) : std::nullopt;
  }
  if (pieces_[0].kind == kLiteral && !line.starts_with(pieces_[0].text)) return std::nullopt;
  const Regex* exact = written_out(bound, cache);
  if (exact == nullptr) return std::nullopt;
  const auto end = exact->earliest_end(line, 0, true, complete);
  std::vector<std::string_view> groups;
  if (!end || !exact->matches(line.substr(0, *end), groups) || !take(groups, bound, true)) return std::nullopt;
  return end;
}

std::vector<LinePart> LinePattern::parts(std::string_view line, const Captures& captures) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    const auto value = captures.find(piece.name);
    const bool quoted = piece.kind == kLiteral || value != captures.end();
    text += "(" + (quoted ? Regex::quote(piece.kind == kLiteral ? piece.text : value->second) : piece.text) + ")";
  }
  const auto regex = Regex::compile(text);
  std::vector<std::string_view> groups;
  if (!regex || !regex->matches(line, groups)) return {};
  std::vector<LinePart> parts;
  std::size_t next = 0;
  for (const Piece& piece : pieces_) {
    const std::string_view group = groups[next];
    const std::size_t begin = group.data() == nullptr ? 0 : static_cast<std::size_t>(group.data() - line.data());
    parts.push_back({piece.kind, piece.name, begin, begin + group.size()});
    next += 1 + static_cast<std::size_t>(piece.groups);
  }
  return parts;
}

Spelling LinePattern::spelling() const {
  Spelling spelling;
  for (const Piece& piece : pieces_) {
    if (piece.kind == kLiteral) {
      append_literal(spelling, piece.text);
    } else {
      spelling.push_back(kWildcard);
    }
  }
  return spelling;
}

}  // namespace bootrig::match
