// LinePattern: one line of a transcript file, with its placeholders compiled. Immutable; what was
// captured is the caller's to keep. Placeholders are described in docs/formats.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "match/regex.h"
#include "match/similar.h"

namespace bootrig::match {

using Captures = std::map<std::string, std::string>;

// The kind of every name used so far, and where: a name has one kind in the whole file.
struct NameUse {
  std::string kind;   // "hex"
  std::string place;  // "expected.transcript:3"
};
using NameUses = std::map<std::string, NameUse>;

// Texts that are bound: by lines that matched for good, and by lines of the block that is being
// tried.
struct Bound {
  const Captures& kept;
  Captures& tried;

  const std::string* find(const std::string& name) const;
};

// A line's regular expression with the bound texts written out. Kept by the caller, so that a
// console which repeats a line with other values costs no compilation for each.
struct BoundRegex {
  std::string key;
  std::optional<Regex> regex;
};

// The text that one part of a pattern stands for in a line.
struct LinePart {
  std::string kind;  // "": literal text; "hex", "dec", "word", "any", "re"
  std::string name;  // of a capture, or empty
  std::size_t begin = 0, end = 0;
};

class LinePattern {
 public:
  // Errors have the place given.
  static Result<LinePattern> parse(const std::string& place, std::string_view written, NameUses& names);

  bool is_literal() const { return !regex_; }
  bool ends_with_placeholder() const { return pieces_.back().kind != kLiteral; }
  // The whole line matches, and names that are bound have the same text. New texts are added to
  // bound.tried.
  bool fits(std::string_view line, Bound bound, BoundRegex& cache) const;
  // The line begins with the pattern: where the pattern ends, at the earliest.
  std::optional<std::size_t> fits_beginning(std::string_view line, bool complete, Bound bound, BoundRegex& cache) const;
  Spelling spelling() const;
  // Where each part stands in a line; `captures` are the texts of names. Empty: the line does not fit.
  std::vector<LinePart> parts(std::string_view line, const Captures& captures) const;

 private:
  static constexpr const char* kLiteral = "";
  struct Piece {
    std::string kind;  // kLiteral, or a placeholder's
    std::string text;  // the literal, or the regular expression
    std::string name;  // of a capture, or empty
    int groups = 0;    // groups inside `text`
  };

  Result<void> add_placeholder(const std::string& place, std::string_view inside, NameUses& names);
  Result<void> add_name(const std::string& place, std::string_view inside, std::string_view kind, std::string_view name,
                        NameUses& names);
  // The expression, with the names that `bound` knows written as literals.
  std::string expression(const Bound* bound) const;
  bool take(const std::vector<std::string_view>& groups, const Bound& bound, bool written_out) const;
  const Regex* written_out(const Bound& bound, BoundRegex& cache) const;

  std::vector<Piece> pieces_;  // never empty; no two literals in a row
  std::optional<Regex> regex_;
};

}  // namespace bootrig::match
