#include "reports/xml_text.h"

#include <fmt/format.h>

#include "base/text.h"
#include "reports/utf8.h"

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

}  // namespace

std::string xml_text(std::string_view bytes) {
  const std::string scrubbed = scrub_utf8(bytes);
  std::string text;
  text.reserve(scrubbed.size());
  std::string_view rest = scrubbed;
  while (!rest.empty()) {
    const std::string_view before = rest;
    const char32_t point = take_code_point(rest);
    if (point == '\r' && rest.starts_with('\n')) continue;
    const char32_t shown = legal(point);
    if (shown == point) {
      text.append(before.substr(0, before.size() - rest.size()));
    } else {
      append_code_point(text, shown);
    }
  }
  return text;
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
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", first,
                     bytes.size() - first.size() - last.size(), last);
}

}  // namespace bootrig
