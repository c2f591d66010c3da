// Code points of text that is already well-formed UTF-8 (scrub_utf8's output), for code that must
// look at each one.
#pragma once

#include <string>
#include <string_view>

namespace bootrig {

// Takes the first code point off the text, which must not be empty.
inline char32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t point = length == 1 ? first : first & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) point = (point << 6) | (byte(i) & 0x3f);
  text.remove_prefix(length);
  return point;
}

// For code points of the Basic Multilingual Plane.
inline void append_code_point(std::string& text, char32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xe0 | (point >> 12));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
}

// The longest prefix of at most `limit` bytes, or suffix, that does not cut a well-formed sequence.
inline std::string_view head_of(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  for (int i = 0; i < 3 && limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80; ++i) --limit;
  return text.substr(0, limit);
}
inline std::string_view tail_of(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t start = text.size() - limit;
  for (int i = 0; i < 3 && start < text.size() && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80; ++i) {
    ++start;
  }
  return text.substr(start);
}

}  // namespace bootrig
