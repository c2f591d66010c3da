#include "dump/console_lines.h"

#include <algorithm>

namespace bootrig::dump {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\x07';

bool is_between(char c, char first, char last) {
  return c >= first && c <= last;
}

// The bytes of the sequence that begins with ESC (ECMA-48: CSI, OSC, two-byte ESC), at most the whole line.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t at = 2;
  if (text[1] == '[') {
    while (at < text.size() && is_between(text[at], 0x20, 0x3f)) ++at;
    return at < text.size() && is_between(text[at], 0x40, 0x7e) ? at + 1 : at;
  }
  if (text[1] == ']') {
    while (at < text.size() && text[at] != kBell && text[at] != kEscape) ++at;
    if (at < text.size() && text[at] == kEscape && at + 1 < text.size() && text[at + 1] == '\\') ++at;
    return std::min(at + 1, text.size());
  }
  if (!is_between(text[1], 0x20, 0x2f)) return is_between(text[1], 0x30, 0x7e) ? 2 : 1;
  while (at < text.size() && is_between(text[at], 0x20, 0x2f)) ++at;
  return at < text.size() && is_between(text[at], 0x30, 0x7e) ? at + 1 : at;
}

std::string without_controls(std::string_view text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size() && kept.size() < kLongestLine;) {
    if (text[at] == kEscape) {
      at += escape_length(text.substr(at));
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at++]);
    if (byte == '\t') kept.push_back(' ');
    if (byte >= 0x20 && byte != 0x7f) kept.push_back(static_cast<char>(byte));
  }
  return kept;
}

// The length of "[   12.345678] " or "[   12.345678][    T1] " (Linux, with the caller), with the space; 0 if there is
// none. The dot tells it from Linux's "[ffff000012345678] pgd=".
std::size_t timestamp_length(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  const std::size_t seconds = text.find_first_not_of(' ', 1);
  const std::size_t dot = text.find_first_not_of("0123456789:", seconds);
  if (dot == seconds || dot == std::string_view::npos || text[dot] != '.') return 0;
  std::size_t end = text.find_first_not_of("0123456789,", dot + 1);
  if (end == dot + 1 || end == std::string_view::npos || text[end] != ']') return 0;
  if (text.substr(end).starts_with("][")) {
    const std::size_t caller = text.find(']', end + 2);
    if (caller == std::string_view::npos || caller - end > 16) return 0;
    end = caller;
  }
  return text.substr(end + 1).starts_with(' ') ? end + 2 : end + 1;
}

std::size_t prefix_length(std::string_view text) {
  constexpr std::string_view kXen = "(XEN) ";
  return text.starts_with(kXen) ? kXen.size() : timestamp_length(text);
}

}  // namespace

std::optional<ConsoleLine> ConsoleLines::next() {
  if (at_ >= transcript_.size()) return std::nullopt;
  ConsoleLine line;
  line.number = ++number_;
  line.offset = at_;
  const std::size_t end = transcript_.find('\n', at_);
  line.ended = end != std::string_view::npos;
  line.text = without_controls(transcript_.substr(at_, line.ended ? end - at_ : end));
  at_ = line.ended ? end + 1 : transcript_.size();
  std::size_t prefix = 0;
  while (const std::size_t more = prefix_length(std::string_view(line.text).substr(prefix))) prefix += more;
  line.text.erase(0, prefix);
  return line;
}

}  // namespace bootrig::dump
