#include "reports/xml_text.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace bootrig {
namespace {

constexpr char32_t kControlPictures = 0x2400;  // U+2400 stands for 0x00, ... U+241F for 0x1f
constexpr char32_t kDeletePicture = 0x2421;
constexpr char32_t kReplacement = 0xfffd;

// The code point that stands for one that XML cannot hold; itself when it can.
char32_t legal(char32_t point) {
  if (point < 0x20) return point == '\t' || point == '\n' ? point : kControlPictures + point;
  if (point == 0x7f) return kDeletePicture;
  return point == 0xfffe || point == 0xffff ? kReplacement : point;
}

bool is_plain(char c) {
  return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

// How many bytes at the start are printable ASCII, tabs and newlines, or are not. UTF-8 never mixes
// the two.
std::size_t plain_run(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && is_plain(*at)) ++at;
  return static_cast<std::size_t>(at - bytes.data());
}
std::size_t strange_run(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && !is_plain(*at)) ++at;
  return static_cast<std::size_t>(at - bytes.data());
}

void append_legal(std::string& text, std::string_view scrubbed, bool before_newline) {
  while (!scrubbed.empty()) {
    const std::string_view before = scrubbed;
    const char32_t point = take_code_point(scrubbed);
    if (point == '\r' && scrubbed.empty() && before_newline) continue;
    const char32_t shown = legal(point);
    if (shown == point) {
      text.append(before.substr(0, before.size() - scrubbed.size()));
    } else {
      append_code_point(text, shown);
    }
  }
}

}  // namespace

std::string xml_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (;;) {
    // Nearly all text is plain: it is taken in runs.
    const std::size_t plain = plain_run(bytes);
    text.append(bytes.substr(0, plain));
    bytes.remove_prefix(plain);
    if (bytes.empty()) return text;
    const std::size_t strange = strange_run(bytes);
    append_legal(text, scrub_utf8(bytes.substr(0, strange)), bytes.substr(strange).starts_with('\n'));
    bytes.remove_prefix(strange);
  }
}

std::string xml_attribute(std::string_view bytes) {
  std::string value;
  for (const char c : xml_text(bytes)) {
    if (c == '\n' || c == '\t') {
      append_code_point(value, kControlPictures + static_cast<unsigned char>(c));
    } else {
      value += c;
    }
  }
  return value;
}

std::string xml_guest_text(std::string_view bytes) {
  constexpr std::string_view kMark = "[[ATTACHMENT|";
  std::string text = xml_text(bytes);
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    text.replace(at, kMark.size(), "[[ATTACHMENT¦");
  }
  return text;
}

std::string cut_middle(std::string_view bytes, std::size_t head, std::size_t tail) {
  if (bytes.size() <= head + tail) return std::string(bytes);
  const std::string_view first = head_of(bytes, head);
  const std::string_view last = tail_of(bytes, tail);
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", first, bytes.size() - first.size() - last.size(), last);
}

}  // namespace bootrig
