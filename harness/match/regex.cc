#include "match/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bootrig::match {
namespace {

// RE2's budget for a program and the states that it keeps. Twice RE2's default: the alternation of
// all signatures and of the scenario's own patterns is one program.
constexpr std::int64_t kMemoryMax = 16 << 20;
// How far a match that captures goes on behind its earliest end: a 64-bit number with room to spare. Each byte costs a
// search.
constexpr std::size_t kGoesOnMax = 64;

// RE2 tells an empty text at no address from an empty text.
re2::StringPiece piece(std::string_view text) {
  return text.data() == nullptr ? re2::StringPiece("") : re2::StringPiece(text.data(), text.size());
}

RE2::Anchor anchor(bool anchored) {
  return anchored ? RE2::ANCHOR_START : RE2::UNANCHORED;
}

}  // namespace

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern, Scope scope) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  options.set_never_nl(scope == Scope::kRun);
  auto compiled = std::make_unique<RE2>(piece(pattern), options);
  if (!compiled->ok()) return fail(compiled->error());
  return Regex(std::move(compiled));
}

std::string Regex::quote(std::string_view literal) {
  return RE2::QuoteMeta(piece(literal));
}

int Regex::groups() const {
  return compiled_->NumberOfCapturingGroups();
}

bool Regex::found_in(std::string_view line) const {
  return compiled_->Match(piece(line), 0, line.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Regex::matches(std::string_view line, std::vector<std::string_view>& groups) const {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(this->groups()) + 1);
  // The texts of groups cost a slower engine: ask for them only where there are any.
  const int wanted = found.size() == 1 ? 0 : static_cast<int>(found.size());
  if (!compiled_->Match(piece(line), 0, line.size(), RE2::ANCHOR_BOTH, found.data(), wanted)) return false;
  groups.clear();
  for (std::size_t i = 1; i < found.size(); ++i)
    groups.emplace_back(found[i].data() == nullptr ? "" : found[i].data(), found[i].size());
  return true;
}

std::optional<std::size_t> Regex::find(std::string_view text, std::size_t from) const {
  re2::StringPiece found;
  const re2::StringPiece whole = piece(text);
  if (!compiled_->Match(whole, from, text.size(), RE2::UNANCHORED, &found, 1)) return std::nullopt;
  return static_cast<std::size_t>(found.data() - whole.data());
}

// A match that ends where the line ends so far, or before, whatever comes next: a word character,
// another byte, or the end. These are all the cases that an RE2 assertion can tell apart.
bool Regex::settled(std::string_view line, std::size_t from, bool anchored) const {
  std::string probe(line);
  for (const char next : {'a', ' '}) {
    probe.resize(line.size());
    probe += next;
    if (!compiled_->Match(probe, from, line.size(), anchor(anchored), nullptr, 0)) return false;
  }
  return true;
}

std::optional<std::size_t> Regex::earliest_end(std::string_view line, std::size_t from, bool anchored,
                                               bool complete) const {
  const auto ends_within = [&](std::size_t end) {
    return compiled_->Match(piece(line), from, end, anchor(anchored), nullptr, 0);
  };
  if (!ends_within(line.size())) return std::nullopt;
  if (!complete && !settled(line, from, anchored)) return std::nullopt;
  // What ends within some bytes ends within more of them, so the earliest end can be bisected.
  std::size_t low = from;
  std::size_t high = line.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (ends_within(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

Regex::Match Regex::match_in_complete(std::string_view line, std::size_t from, std::size_t earliest_end) const {
  const re2::StringPiece whole = piece(line);
  re2::StringPiece first;
  const bool found = compiled_->Match(whole, from, earliest_end, RE2::UNANCHORED, &first, 1);
  CHECK(found);
  Match match;
  match.begin = static_cast<std::size_t>(first.data() - whole.data());
  match.end = earliest_end;
  const auto ends_at = [&](std::size_t end) {
    return compiled_->Match(whole, match.begin, end, RE2::ANCHOR_BOTH, nullptr, 0);
  };
  const std::size_t limit = std::min(line.size(), earliest_end + kGoesOnMax);
  while (match.end < limit && ends_at(match.end + 1)) ++match.end;

  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(this->groups()) + 1);
  compiled_->Match(whole, match.begin, match.end, RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()));
  for (const auto& [name, index] : compiled_->NamedCapturingGroups()) {
    const re2::StringPiece& group = groups[static_cast<std::size_t>(index)];
    const std::size_t begin = group.data() == nullptr ? 0 : static_cast<std::size_t>(group.data() - whole.data());
    match.groups[name] = {begin, begin + group.size()};
  }
  return match;
}

// Whether a match goes on behind a byte depends on that byte and, for "$" and "\b", on the one behind it.
std::optional<Regex::Match> Regex::match_of(std::string_view line, std::size_t from, std::size_t earliest_end,
                                            bool complete) const {
  Match match = match_in_complete(line, from, earliest_end);
  if (complete || match.end + 1 < line.size()) return match;
  std::string probe(line);
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (byte == '\n') continue;
    probe.resize(line.size());
    probe += static_cast<char>(byte);
    for (const std::string_view behind : {"", "a", " "}) {
      probe.resize(line.size() + 1);
      probe += behind;
      if (match_in_complete(probe, from, earliest_end) != match) return std::nullopt;
    }
  }
  return match;
}

std::vector<std::string> Regex::names() const {
  std::vector<std::string> names;
  for (const auto& named : compiled_->NamedCapturingGroups()) names.push_back(named.first);
  return names;
}

}  // namespace bootrig::match
