#include "prove/mutants.h"

#include <algorithm>
#include <cctype>

namespace bootrig {
namespace {

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char successor(char c) {
  if (c == 'z') return 'a';
  if (c == 'Z') return 'A';
  if (c == '9') return '0';
  return static_cast<char>(c + 1);
}

// The byte in the middle of those that `wanted` finds becomes its successor.
template <typename Wanted>
std::optional<Edit> alter_middle(std::size_t begin, std::size_t end, std::string_view console, Wanted wanted) {
  std::vector<std::size_t> found;
  for (std::size_t i = begin; i < end; ++i) {
    if (wanted(console[i])) found.push_back(i);
  }
  if (found.empty()) return std::nullopt;
  const std::size_t at = found[found.size() / 2];
  return Edit{at, at + 1, std::string(1, successor(console[at]))};
}

}  // namespace

Edit drop(const MetExpectation& met, std::string_view) {
  if (met.step) return {met.begin, met.end, ""};
  return {met.line_begin, met.line_end, ""};
}

Edit garble(const MetExpectation& met, std::string_view console) {
  std::string text(console.substr(met.begin, met.end - met.begin));
  for (char& c : text) {
    if (is_letter(c) || is_digit(c)) c = '~';
  }
  return {met.begin, met.end, std::move(text)};
}

std::optional<Edit> alter_letter(const MetExpectation& met, std::size_t part, std::string_view console) {
  if (part >= met.parts.size() || !met.parts[part].kind.empty()) return std::nullopt;
  return alter_middle(met.parts[part].begin, met.parts[part].end, console, is_letter);
}

std::optional<Edit> alter_digit(const MetExpectation& met, std::size_t part, std::string_view console) {
  if (part >= met.parts.size() || !met.parts[part].kind.empty()) return std::nullopt;
  return alter_middle(met.parts[part].begin, met.parts[part].end, console, is_digit);
}

std::optional<Edit> alter_capture(const MetExpectation& met, std::size_t part, std::string_view console) {
  if (part >= met.parts.size() || met.parts[part].begin == met.parts[part].end) return std::nullopt;
  const std::size_t at = met.parts[part].end - 1;
  const char other = console[at] == '1' ? '2' : '1';
  return Edit{at, at + 1, std::string(1, other)};
}

}  // namespace bootrig
