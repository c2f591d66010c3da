#include "match/generalise.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/common_subsequence.h"
#include "base/text.h"
#include "match/compiled.h"
#include "match/console_line.h"

namespace bootrig {
namespace {

using match::Captures;
using match::ExpectedLine;

constexpr std::size_t kNone = ~std::size_t{0};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool in_run(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

// Runs of letters and digits, and what stands between them, in turn.
std::vector<std::string_view> tokens_of(std::string_view line) {
  std::vector<std::string_view> tokens;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at + 1;
    while (end < line.size() && in_run(line[end]) == in_run(line[at])) ++end;
    tokens.push_back(line.substr(at, end - at));
    at = end;
  }
  return tokens;
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_digit);
}
bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_letter);
}

// The line with each run that holds a digit as one sign: lines that differ in numbers alone have the same.
std::string skeleton(std::string_view line) {
  std::string text;
  for (const std::string_view token : tokens_of(line)) text += has_digit(token) ? "\x01" : token;
  return text;
}

// Lines that stand at the same place and may say the same with other words: same signs between, a word in common.
bool may_be_the_same(std::string_view a, std::string_view b) {
  if (skeleton(a) == skeleton(b)) return true;
  const auto first = tokens_of(a), second = tokens_of(b);
  if (first.size() != second.size()) return false;
  bool word = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (in_run(first[i].front()) != in_run(second[i].front())) return false;
    if (!in_run(first[i].front()) && first[i] != second[i]) return false;
    word |= first[i] == second[i] && has_letter(first[i]);
  }
  return word;
}

std::vector<std::string_view> lines_of(const std::string& console) {
  std::vector<std::string_view> lines = split_lines(console);
  for (std::string_view& line : lines) line = match::without_trailing_cr(line);
  return lines;
}

// For each line of the first console its place in the other; kNone: it has none.
std::vector<std::size_t> places_in(const std::vector<std::string_view>& first,
                                   const std::vector<std::string_view>& other) {
  std::vector<std::string> a, b;
  for (const std::string_view line : first) a.push_back(skeleton(line));
  for (const std::string_view line : other) b.push_back(skeleton(line));
  IndexPairs pairs = common_subsequence(a.size(), b.size(), [&](auto i, auto j) { return a[i] == b[j]; });
  std::vector<std::size_t> places(first.size(), kNone);
  pairs.emplace_back(first.size(), other.size());
  std::size_t i = 0, j = 0;
  for (const auto& [next_i, next_j] : pairs) {
    // As many lines on both sides: they stand for each other, with whatever words.
    const bool even = next_i - i == next_j - j;
    for (; even && i < next_i; ++i, ++j) places[i] = j;
    if (next_i < first.size()) places[next_i] = next_j;
    i = next_i + 1;
    j = next_j + 1;
  }
  return places;
}

// A line that all consoles have.
struct Row {
  std::vector<std::string_view> texts;  // by console
  bool gap = false;                     // lines may pass before it
  bool open = false;                    // no console has ended it
  bool alike = true;                    // as far as a line with placeholders can say it
  std::string comments;                 // before it
  std::optional<std::string> kept;      // as it was written before
};

std::vector<Row> rows_of(const std::vector<std::string>& consoles) {
  std::vector<std::vector<std::string_view>> lines;
  std::vector<std::vector<std::size_t>> places;
  for (const std::string& console : consoles) {
    lines.push_back(lines_of(console));
    places.push_back(places_in(lines.front(), lines.back()));
  }
  std::vector<Row> rows;
  std::vector<std::size_t> next(consoles.size(), 0);
  for (std::size_t line = 0; line < lines.front().size(); ++line) {
    const bool in_all = std::none_of(places.begin(), places.end(), [&](const auto& in) { return in[line] == kNone; });
    if (!in_all) continue;
    Row row;
    row.open = true;
    for (std::size_t c = 0; c < consoles.size(); ++c) {
      const std::size_t place = places[c][line];
      row.texts.push_back(lines[c][place]);
      row.alike &= may_be_the_same(row.texts.front(), row.texts.back());
      row.gap |= place != next[c];
      row.open &= place + 1 == lines[c].size() && !consoles[c].ends_with('\n');
      next[c] = place + 1;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Names by the texts that they stand for, one of each console.
class Names {
 public:
  void add(const std::string& name, std::string kind, std::vector<std::string> texts) {
    taken_.insert(name);
    if (kind != "any") known_.try_emplace(std::move(texts), name, std::move(kind));
  }

  // "{{hex:name}}"
  std::string placeholder(const std::string& kind, const std::vector<std::string>& texts, std::string_view word) {
    auto known = known_.find(texts);
    if (known == known_.end()) {
      const std::string name = unused(word);
      taken_.insert(name);
      known = known_.emplace(texts, std::pair(name, kind)).first;
    }
    return "{{" + known->second.second + ":" + known->second.first + "}}";
  }

 private:
  std::string unused(std::string_view word) const {
    std::string base;
    for (const char c : word) base += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string name = base;
    for (int number = 2; taken_.contains(name); ++number) name = base + std::to_string(number);
    return name;
  }

  std::set<std::string> taken_;
  std::map<std::vector<std::string>, std::pair<std::string, std::string>> known_;
};

// The lines of the file that there was, with the comments before each.
struct Before {
  std::vector<ExpectedLine> lines;
  std::vector<std::string> comments;
};

Result<Before> read_before(std::string_view name, std::string_view text) {
  Before before;
  if (text.empty()) return before;
  BOOTRIG_TRY(before.lines, match::parse_transcript(name, text));
  std::string comments;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with("# ")) {
      comments += std::string(line) + "\n";
    } else if (match::without_trailing_cr(line) != "...") {
      before.comments.push_back(std::exchange(comments, {}));
    }
  }
  before.comments.resize(before.lines.size());
  return before;
}

class Keeper {
 public:
  Keeper(const Before& before, std::vector<Row>& rows)
      : before_(before), rows_(rows), bound_(rows.front().texts.size()), caches_(before.lines.size()) {}

  // Marks rows that a line of before still fits, and takes out what its gaps let pass.
  void keep(Names& names) {
    const auto fits = [&](std::size_t line, std::size_t row) {
      std::vector<Captures> fresh(bound_.size());
      return fits_all(line, row, fresh);
    };
    IndexPairs pairs = common_subsequence(before_.lines.size(), rows_.size(), fits);
    std::erase_if(pairs, [&](const auto& pair) { return !bind(pair.first, pair.second); });
    for (const auto& [name, use] : uses_) names.add(name, use.first, use.second);
    take_out(pairs);
  }

 private:
  bool fits_all(std::size_t line, std::size_t row, std::vector<Captures>& fresh) {
    for (std::size_t c = 0; c < bound_.size(); ++c) {
      if (!before_.lines[line].pattern.fits(rows_[row].texts[c], {bound_[c], fresh[c]}, caches_[line])) return false;
    }
    return true;
  }

  bool bind(std::size_t line, std::size_t row) {
    std::vector<Captures> fresh(bound_.size());
    if (!fits_all(line, row, fresh)) return false;
    for (const match::LinePart& part : before_.lines[line].pattern.parts(rows_[row].texts[0], fresh[0])) {
      if (part.name.empty() || !fresh[0].contains(part.name)) continue;
      std::vector<std::string> texts;
      for (const Captures& captures : fresh) texts.push_back(captures.at(part.name));
      uses_[part.name] = {part.kind, std::move(texts)};
    }
    for (std::size_t c = 0; c < bound_.size(); ++c) bound_[c].merge(fresh[c]);
    rows_[row].kept = before_.lines[line].written;
    rows_[row].comments = before_.comments[line];
    return true;
  }

  void take_out(const IndexPairs& pairs) {
    std::vector<Row> left;
    std::size_t line = 0, row = 0;
    for (const auto& [next_line, next_row] : pairs) {
      // Where a line between is gone, nobody knows what its gap was to let pass.
      const bool gap = next_line == line && before_.lines[line].after_gap;
      for (; row < next_row; ++row) {
        if (!gap) left.push_back(std::move(rows_[row]));
      }
      left.push_back(std::move(rows_[row++]));
      left.back().gap |= gap;
      line = next_line + 1;
    }
    // What followed the last line was not looked at.
    const bool ends_as_before = line == before_.lines.size() && line > 0;
    for (; row < rows_.size() && !ends_as_before; ++row) left.push_back(std::move(rows_[row]));
    rows_ = std::move(left);
  }

  const Before& before_;
  std::vector<Row>& rows_;
  std::vector<Captures> bound_;  // by console
  std::vector<match::BoundRegex> caches_;
  std::map<std::string, std::pair<std::string, std::vector<std::string>>> uses_;
};

// A literal as a transcript file writes it.
std::string written(std::string_view text) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("{{")) {
      escaped += "{{re:\\{\\{}}";
      ++at;
    } else {
      escaped += text[at];
    }
  }
  return escaped;
}

bool all_are(const std::vector<std::string>& texts, bool (*is)(std::string_view)) {
  return std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return is(text); });
}
bool is_dec(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}
bool is_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// One line of the file out of a row whose texts differ.
class LineWriter {
 public:
  LineWriter(const Row& row, Names& names) : names_(names) {
    for (const std::string_view text : row.texts) tokens_.push_back(tokens_of(text));
  }

  // None: nothing would be left that any other line does not say.
  std::optional<std::string> write() {
    for (std::size_t i = 0; i < tokens_.front().size(); ++i) {
      std::vector<std::string> texts;
      for (const auto& tokens : tokens_) texts.emplace_back(tokens[i]);
      write_token(texts);
    }
    if (!sound_) return std::nullopt;
    return line_;
  }

 private:
  void write_token(const std::vector<std::string>& texts) {
    if (std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text == texts[0]; })) {
      write_literal(texts[0]);
    } else if (all_are(texts, is_dec)) {
      write_placeholder("dec", texts);
    } else if (all_are(texts, is_hex) && has_digit(texts[0])) {
      write_placeholder("hex", texts);
    } else if (!write_letters_and_digits(texts)) {
      line_ += names_.placeholder("word", texts, word_);
    }
  }

  void write_literal(const std::string& text) {
    line_ += written(text);
    sound_ |= has_letter(text) || has_digit(text);
    std::string word;
    for (const char c : text) {
      if (is_letter(c)) word += c;
    }
    if (!word.empty()) word_ = word;
  }

  void write_placeholder(const char* kind, const std::vector<std::string>& texts) {
    line_ += names_.placeholder(kind, texts, word_);
    sound_ = true;
  }

  // "EL1" and "EL2": the same letters, other digits.
  bool write_letters_and_digits(const std::vector<std::string>& texts) {
    const auto split_up = [](const std::string& text) {
      std::vector<std::string> parts;
      for (const char c : text) {
        if (parts.empty() || is_digit(parts.back().back()) != is_digit(c)) parts.emplace_back();
        parts.back() += c;
      }
      return parts;
    };
    std::vector<std::vector<std::string>> parts;
    for (const std::string& text : texts) parts.push_back(split_up(text));
    for (const auto& other : parts) {
      if (other.size() != parts[0].size() || other.size() < 2) return false;
      for (std::size_t i = 0; i < other.size(); ++i) {
        const bool digits = is_digit(other[i].front());
        if (digits != is_digit(parts[0][i].front()) || (!digits && other[i] != parts[0][i])) return false;
      }
    }
    for (std::size_t i = 0; i < parts[0].size(); ++i) {
      std::vector<std::string> column;
      for (const auto& other : parts) column.push_back(other[i]);
      write_token(column);
    }
    return true;
  }

  Names& names_;
  std::vector<std::vector<std::string_view>> tokens_;
  std::string line_;
  std::string word_ = "value";  // the last one, for a name
  bool sound_ = false;          // it says something
};

// None: there is no line that says what the row has in common.
std::optional<std::string> write_row(const Row& row, Names& names) {
  if (row.kept) return row.kept;
  if (!row.alike) return std::nullopt;
  const bool equal =
      std::all_of(row.texts.begin(), row.texts.end(), [&](std::string_view text) { return text == row.texts[0]; });
  std::optional<std::string> line = equal ? written(row.texts[0]) : LineWriter(row, names).write();
  if (!line) return line;
  if (line->starts_with("# ")) line->replace(0, 1, "{{re:#}}");
  if (*line == "...") line = "{{re:\\.\\.\\.}}";
  return line;
}

}  // namespace

Result<std::string> generalise(const std::vector<std::string>& consoles, std::string_view before_name,
                               std::string_view before_text) {
  CHECK(!consoles.empty());
  std::vector<Row> rows = rows_of(consoles);
  if (rows.empty()) return fail("the boots have no line in common; there is nothing to expect");
  BOOTRIG_TRY(const Before before, read_before(before_name, before_text));
  Names names;
  Keeper(before, rows).keep(names);
  std::string file;
  bool gap = false, any = false;
  for (const Row& row : rows) {
    gap |= row.gap;
    const auto line = write_row(row, names);
    if (!line) {
      gap = true;
      continue;
    }
    file += row.comments;
    if (std::exchange(gap, false)) file += "...\n";
    file += *line;
    any = true;
    if (!row.open || &row != &rows.back()) file += "\n";
  }
  if (!any) return fail("the boots have no line in common; there is nothing to expect");
  return file;
}

}  // namespace bootrig
