#include "match/sample.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "match/regex.h"

namespace bootrig::match {
namespace {

constexpr std::size_t kSampleMax = 1024;
constexpr int kDepthMax = 32;

// Walks a regular expression and writes the text of its first alternatives, each part as often as it must stand there.
// What it misreads does no harm: the caller looks whether the pattern is found in the text.
class Sampler {
 public:
  explicit Sampler(std::string_view pattern) : pattern_(pattern) {}

  std::string sample() { return alternatives(0); }

 private:
  bool more() const { return at_ < pattern_.size(); }

  // Up to the ')' that ends the group, or the end.
  std::string alternatives(int depth) {
    std::string first = sequence(depth);
    while (more() && pattern_[at_] == '|') {
      ++at_;
      (void)sequence(depth);
    }
    return first;
  }

  std::string sequence(int depth) {
    std::string text;
    while (more() && pattern_[at_] != '|' && pattern_[at_] != ')' && depth < kDepthMax) {
      const std::string atom = take_atom(depth);
      for (std::size_t count = take_count(); count > 0 && text.size() < kSampleMax; --count) text += atom;
    }
    return text;
  }

  std::string take_atom(int depth) {
    const std::size_t begin = at_++;
    switch (pattern_[begin]) {
      case '(':
        return take_group(depth);
      case '[':
        at_ = class_end(begin);
        return one_of_class(pattern_.substr(begin, at_ - begin));
      case '.':
        return "x";
      case '^':
      case '$':
        return "";
      case '\\':
        return take_escape();
      default:
        return std::string(1, pattern_[begin]);
    }
  }

  std::string take_group(int depth) {
    if (pattern_.substr(at_).starts_with("?P<")) {
      at_ = std::min(pattern_.find('>', at_), pattern_.size() - 1) + 1;
    } else if (pattern_.substr(at_).starts_with("?")) {
      at_ = std::min(pattern_.find_first_of(":)", at_), pattern_.size());
      if (more() && pattern_[at_] == ':') ++at_;
    }
    std::string text = alternatives(depth + 1);
    if (more() && pattern_[at_] == ')') ++at_;
    return text;
  }

  std::string take_escape() {
    if (!more()) return "";
    const char escaped = pattern_[at_++];
    if (std::string_view("bBAzQE").find(escaped) != std::string_view::npos) return "";
    return one_of_class(pattern_.substr(at_ - 2, 2));
  }

  std::size_t class_end(std::size_t at) const {
    std::size_t end = at + 1;
    if (end < pattern_.size() && pattern_[end] == '^') ++end;
    if (end < pattern_.size() && pattern_[end] == ']') ++end;
    while (end < pattern_.size() && pattern_[end] != ']') {
      const std::size_t named =
          pattern_.substr(end).starts_with("[:") ? pattern_.find(":]", end) : std::string_view::npos;
      end = named != std::string_view::npos ? named + 2 : end + (pattern_[end] == '\\' ? 2 : 1);
    }
    return std::min(end + 1, pattern_.size());
  }

  // A byte that the expression, which stands for one, is found in: a letter or a digit where there is one.
  static std::string one_of_class(std::string_view expression) {
    const auto regex = Regex::compile(expression);
    if (!regex) return "";
    for (const char first : {'0', 'a', 'A'}) {
      if (regex->found_in(std::string(1, first))) return std::string(1, first);
    }
    for (char byte = ' '; byte < '\x7f'; ++byte) {
      if (regex->found_in(std::string(1, byte))) return std::string(1, byte);
    }
    return "";
  }

  // How often the atom before must stand at least. "?", "*": not at all.
  std::size_t take_count() {
    if (!more()) return 1;
    std::size_t count = 1;
    if (pattern_[at_] == '*' || pattern_[at_] == '?') {
      count = 0;
      ++at_;
    } else if (pattern_[at_] == '+') {
      ++at_;
    } else if (pattern_[at_] == '{') {
      const std::size_t close = pattern_.find('}', at_);
      const std::size_t end = std::min(close, pattern_.find(',', at_));
      if (close == std::string_view::npos) return 1;
      const auto least = parse_count(pattern_.substr(at_ + 1, end - at_ - 1));
      if (!least) return 1;
      count = *least;
      at_ = close + 1;
    } else {
      return 1;
    }
    if (more() && pattern_[at_] == '?') ++at_;
    return std::min(count, kSampleMax);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> sample_line(const TextPattern& pattern) {
  std::string line = pattern.is_literal() ? pattern.literal() : Sampler(pattern.expression()).sample();
  if (line.find('\n') != std::string::npos || !pattern.found_in(line)) return std::nullopt;
  return line;
}

}  // namespace bootrig::match
