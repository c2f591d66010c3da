#include "match/regex.h"

#include <re2/re2.h>

#include <utility>

namespace bootrig::match {
namespace {

// RE2's budget for a program and the states that it keeps. Twice RE2's default: the alternation of
// all signatures and of the scenario's own patterns is one program.
constexpr std::int64_t kMemoryMax = 16 << 20;

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

}  // namespace bootrig::match
