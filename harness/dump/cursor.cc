#include "dump/cursor.h"

#include <algorithm>
#include <charconv>

namespace bootrig::dump {
namespace {

constexpr unsigned kMostHexDigits = 16;
constexpr unsigned kMostDecimalDigits = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

Cursor::Cursor(std::string_view text, bool ended) : rest_(text), ended_(ended) {
  spaces();
}

bool Cursor::text(std::string_view literal) {
  if (!rest_.starts_with(literal)) return false;
  rest_.remove_prefix(literal.size());
  return true;
}

void Cursor::spaces() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
}

std::optional<std::uint64_t> Cursor::hex(unsigned digits) {
  std::string_view number = rest_;
  if (number.starts_with("0x") || number.starts_with("0X")) number.remove_prefix(2);
  const auto count =
      static_cast<std::size_t>(std::find_if_not(number.begin(), number.end(), is_hex_digit) - number.begin());
  if (count == 0 || count < digits || count > kMostHexDigits) return std::nullopt;
  const bool at_end = count == number.size();
  if (at_end ? !ended_ && count < kMostHexDigits : is_word(number[count])) return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(number.data(), number.data() + count, value, 16);
  rest_ = number.substr(count);
  return value;
}

std::optional<unsigned> Cursor::decimal() {
  const auto count = static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_digit) - rest_.begin());
  if (count == 0 || count > kMostDecimalDigits) return std::nullopt;
  const bool at_end = count == rest_.size();
  if (at_end ? !ended_ : is_word(rest_[count])) return std::nullopt;
  unsigned value = 0;
  std::from_chars(rest_.data(), rest_.data() + count, value, 10);
  rest_.remove_prefix(count);
  return value;
}

std::optional<std::string_view> Cursor::until(std::string_view mark) {
  const std::size_t at = rest_.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = rest_.substr(0, at);
  rest_.remove_prefix(at + mark.size());
  return before;
}

std::optional<std::string_view> from_mark(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at);
}

}  // namespace bootrig::dump
