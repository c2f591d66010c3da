#include "base/console_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"

namespace bootrig {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode 15 "Default_Ignorable" and bidirectional controls, line and paragraph separators: what a
// reader cannot see.
constexpr auto kInvisible = std::to_array<Range>({{0x00ad, 0x00ad},
                                                  {0x034f, 0x034f},
                                                  {0x061c, 0x061c},
                                                  {0x115f, 0x1160},
                                                  {0x180b, 0x180f},
                                                  {0x200b, 0x200f},
                                                  {0x2028, 0x202e},
                                                  {0x2060, 0x206f},
                                                  {0xfe00, 0xfe0f},
                                                  {0xfeff, 0xfeff},
                                                  {0xfff9, 0xfffb},
                                                  {0xe0000, 0xe0fff}});
// The common combining marks.
constexpr auto kCombining = std::to_array<Range>({{0x0300, 0x036f},
                                                  {0x0483, 0x0489},
                                                  {0x0591, 0x05bd},
                                                  {0x0610, 0x061a},
                                                  {0x064b, 0x065f},
                                                  {0x1ab0, 0x1aff},
                                                  {0x1dc0, 0x1dff},
                                                  {0x20d0, 0x20ff},
                                                  {0xfe20, 0xfe2f}});
// East Asian Width W and F (UAX #11), in large blocks.
constexpr auto kWide = std::to_array<Range>({{0x1100, 0x115f},
                                             {0x2e80, 0x303e},
                                             {0x3041, 0xa4cf},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1f64f},
                                             {0x1f900, 0x1f9ff},
                                             {0x20000, 0x3fffd}});

template <std::size_t kCount>
bool in(const std::array<Range, kCount>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [&](const Range& range) { return point >= range.first && point <= range.last; });
}

std::size_t columns_of_point(char32_t point) {
  if (point < 0x300) return 1;
  if (in(kCombining, point)) return 0;
  return in(kWide, point) ? 2 : 1;
}

// The longest prefix that fits, in bytes.
std::size_t fitting(std::string_view text, std::size_t columns) {
  std::string_view rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    const std::size_t at = text.size() - rest.size();
    used += columns_of_point(take_code_point(rest));
    if (used > columns) return at;
  }
  return text.size();
}

}  // namespace

std::string console_text(std::string_view bytes) {
  const std::string safe = printable(bytes);
  std::string text;
  text.reserve(safe.size());
  std::string_view rest = safe;
  while (!rest.empty()) {
    const std::string_view before = rest;
    const char32_t point = take_code_point(rest);
    if (point == '\n') {
      text += "\\n";
    } else if (point == '\t') {
      text += "    ";
    } else if (in(kInvisible, point)) {
      append_code_point(text, 0xfffd);
    } else {
      text.append(before.substr(0, before.size() - rest.size()));
    }
  }
  return text;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) columns += columns_of_point(take_code_point(text));
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (fitting(text, columns) == text.size()) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, fitting(text, columns - 1))) + "…";
}

std::string fit_to(std::string_view text, std::size_t columns) {
  std::string fitted = cut_to(text, columns);
  return fitted.append(columns - std::min(columns, columns_of(fitted)), ' ');
}

std::vector<std::string> wrap_to(std::string_view text, std::size_t columns, std::size_t max_lines) {
  std::vector<std::string> lines;
  columns = std::max<std::size_t>(columns, 2);  // the widest letter
  while (lines.size() + 1 < max_lines) {
    std::size_t length = fitting(text, columns);
    if (length == text.size()) break;
    const std::size_t blank = text.substr(0, length + 1).rfind(' ');
    // A word that is longer than half a line is better broken than left alone.
    if (blank != std::string_view::npos && blank > length / 2) length = blank;
    lines.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  lines.push_back(cut_to(text, columns));
  return lines;
}

}  // namespace bootrig
