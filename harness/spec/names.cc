#include "spec/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kMaxName = 120;  // file systems allow 255 bytes; the rest is for suffixes

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_byte(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && (is_letter(text[0]) || is_digit(text[0])) &&
         std::ranges::all_of(text, is_name_byte);
}

bool is_path_of_names(std::string_view text) {
  return std::ranges::all_of(split(text, '/'), is_name);
}

bool is_parameter_name(std::string_view text) {
  return is_name(text) && is_letter(text[0]) && text.find('.') == std::string_view::npos;
}

bool is_glob(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_name_byte(c) || c == '/' || c == '*' || c == '?'; });
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = parse_count(text.substr(0, 4));
  const auto month = parse_count(text.substr(5, 2));
  const auto day = parse_count(text.substr(8, 2));
  if (!year || !month || !day) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
      .ok();
}

bool is_relative_path(std::string_view text, bool inside) {
  if (text.empty() || text[0] == '/') return false;
  return !inside || std::ranges::count(split(text, '/'), "..") == 0;
}

std::string not_a_name(std::string_view text, std::string_view what) {
  return fmt::format("'{}' is not {}; use letters, digits, '.', '_' and '-', beginning with a letter or digit",
                     printable(text), what);
}

std::string not_a_parameter_name(std::string_view text) {
  return fmt::format("'{}' is not a parameter's name; use letters, digits, '_' and '-', beginning with a letter",
                     printable(text));
}

void check_name(JsonReader& json, std::string_view key, std::string_view name, std::string_view what) {
  if (!name.empty() && !is_name(name)) json.refuse(key, not_a_name(name, what));
}

void check_names(JsonReader& json, std::string_view key, const std::vector<std::string>& names, std::string_view what) {
  for (std::size_t i = 0; i < names.size(); ++i) check_name(json, fmt::format("{}/{}", key, i), names[i], what);
}

}  // namespace bootrig
