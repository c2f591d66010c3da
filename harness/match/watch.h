// What a console must never say (signatures, forbidden texts), and what ends its boot stage:
// patterns that are looked for in every line. Watchlist is compiled once and immutable; Watch
// follows one console with it.
//
// All patterns are one regular expression that is searched over many lines at once. It finds every
// line in which a pattern matches, perhaps a few more; only lines that it finds are looked at one
// by one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/expectations.h"
#include "match/matcher.h"
#include "match/regex.h"

namespace bootrig::match {

// A pattern as scenarios write it: literal text, or a regular expression after "re:".
class TextPattern {
 public:
  static Result<TextPattern> parse(const std::string& place, std::string_view written);

  const std::string& written() const { return written_; }
  bool is_literal() const { return !regex_; }
  const std::string& literal() const { return literal_; }
  // As a regular expression.
  std::string expression() const;
  bool found_in(std::string_view line) const;
  // As Regex::earliest_end.
  std::optional<std::size_t> earliest_end(std::string_view line, std::size_t from, bool complete) const;
  // As Regex::match_of and Regex::names; literal text has no names.
  std::optional<Regex::Match> match_of(std::string_view line, std::size_t from, std::size_t earliest_end,
                                       bool complete) const;
  std::vector<std::string> names() const;

 private:
  std::string written_;
  std::string literal_;
  std::optional<Regex> regex_;
};

struct WatchedPattern {
  std::string name;  // of SignatureHit
  bool forbidden = false;
  SignatureKind kind = SignatureKind::kPanic;
  TextPattern pattern;
};

struct Watchlist {
  std::vector<WatchedPattern> patterns;  // the first that matches a line gives the hit
  std::optional<TextPattern> boot_until;
  // What is searched over many lines; absent: nothing to search.
  std::optional<Regex> any;          // one of `patterns`
  std::optional<Regex> boot;         // boot_until
  std::optional<Regex> any_or_boot;  // both
};
Watchlist make_watchlist(std::vector<WatchedPattern> patterns, std::optional<TextPattern> boot_until);

// The pattern as a part of an expression that is searched over many lines, which may end in '\r's.
// It matches in each line in which `pattern` alone matches, once cleaned.
std::string as_run_expression(std::string_view pattern);

class Watch {
 public:
  // Gives a line's number and offset, by its index in the text that is scanned.
  using Locate = std::function<SeenLine(std::size_t index)>;

  // Complete lines, without escape sequences and without the last '\n'.
  void scan(const Watchlist& list, std::string_view text, const Locate& locate);

  const std::optional<SignatureHit>& hit() const { return hit_; }
  bool boot_line_seen() const { return boot_line_seen_; }

 private:
  const Regex* wanted(const Watchlist& list) const;
  void inspect(const Watchlist& list, std::string_view line, const std::function<SeenLine()>& locate);

  std::optional<SignatureHit> hit_;
  bool boot_line_seen_ = false;
};

}  // namespace bootrig::match
