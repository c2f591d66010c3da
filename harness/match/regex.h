// Regex: a compiled regular expression over bytes. The only file of the room that knows RE2:
// Latin-1 (every byte is a character), linear in time. Immutable once compiled, and shared between
// threads.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace bootrig::match {

// A part of a line; a group that took no part in a match has an empty one.
struct Span {
  std::size_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
};

class Regex {
 public:
  // kLine: searched in one line. kRun: searched in the text of several lines; never matches a '\n'.
  enum class Scope { kLine, kRun };
  // The error is RE2's own sentence, without a place.
  static Result<Regex> compile(std::string_view pattern, Scope scope = Scope::kLine);
  // The pattern that matches exactly these bytes.
  static std::string quote(std::string_view literal);

  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  int groups() const;
  bool found_in(std::string_view line) const;
  // Whether the whole line matches; `groups` becomes the texts of its groups, as views into the
  // line.
  bool matches(std::string_view line, std::vector<std::string_view>& groups) const;
  // Where the leftmost match at or behind `from` begins.
  std::optional<std::size_t> find(std::string_view text, std::size_t from) const;

  // Where a match that begins at or behind `from` (`anchored`: at `from`) ends at the earliest. A
  // line that is not complete may go on with any byte, or end: only a match that holds in each case
  // counts ("$" and "\b" look ahead). So a line that is read byte by byte has the same earliest end
  // as one that is read at once.
  std::optional<std::size_t> earliest_end(std::string_view line, std::size_t from, bool anchored, bool complete) const;

  // The match whose earliest end is given, with what its named groups captured. It goes on for as long as each further
  // byte makes a match that ends behind it, at most 64 bytes. None: what follows in a line that is not complete may
  // still change it.
  struct Match {
    std::size_t begin = 0, end = 0;
    std::map<std::string, Span> groups;
    bool operator==(const Match&) const = default;
  };
  std::optional<Match> match_of(std::string_view line, std::size_t from, std::size_t earliest_end, bool complete) const;
  // Of named groups, "(?P<name>...)".
  std::vector<std::string> names() const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);
  bool settled(std::string_view line, std::size_t from, bool anchored) const;
  Match match_in_complete(std::string_view line, std::size_t from, std::size_t earliest_end) const;

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace bootrig::match
