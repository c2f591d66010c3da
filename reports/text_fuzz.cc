// A guest's bytes, made safe for each place that they are shown in: XML, a terminal, JSON in HTML.
// seeds: harness/dump/fixtures/*.transcript reports/fuzz_seeds/text/*
#include <algorithm>

#include "base/check.h"
#include "base/console_text.h"
#include "base/text.h"
#include "base/utf8.h"
#include "json/value.h"
#include "reports/html_report.h"
#include "reports/xml_text.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

bool is_xml(char32_t point) {
  return point == '\t' || point == '\n' || (point >= 0x20 && point != 0xfffe && point != 0xffff && point <= 0x10ffff);
}

bool all_points(std::string_view text, bool (*allowed)(char32_t)) {
  if (scrub_utf8(text) != text) return false;
  while (!text.empty()) {
    if (!allowed(take_code_point(text))) return false;
  }
  return true;
}

void check_xml(std::string_view bytes) {
  CHECK(all_points(xml_text(bytes), is_xml));
  CHECK(all_points(xml_attribute(bytes), [](char32_t point) { return is_xml(point) && point >= 0x20; }));
  const std::string guest = xml_guest_text(bytes);
  CHECK(all_points(guest, is_xml) && guest.find("[[ATTACHMENT|") == std::string::npos);
}

void check_console(std::string_view bytes, std::size_t columns) {
  const auto shown = [](char32_t point) {
    const bool turns = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return point >= 0x20 && (point < 0x7f || point > 0x9f) && !turns;
  };
  const std::string line = console_text(bytes);
  CHECK(all_points(line, shown));
  CHECK(columns_of(cut_to(line, columns)) <= columns);
  CHECK(columns_of(fit_to(line, columns)) == columns);
  const auto lines = wrap_to(line, columns, 5);
  CHECK(lines.size() <= 5);
  for (const std::string& part : lines) CHECK(columns_of(part) <= std::max<std::size_t>(columns, 2));
}

void check_html(std::string_view bytes) {
  const JsonValue value(bytes);
  const std::string json = json_in_html(value);
  CHECK(json.find('<') == std::string::npos && json.find("\u2028") == std::string::npos);
  const auto back = parse_json("in HTML", json);
  CHECK(back && write_json(*back) == write_json(value));
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 1024));
  const std::size_t columns = size == 0 ? 0 : data[0] % 100;
  check_xml(bytes);
  check_console(bytes, columns);
  check_html(bytes);
  const std::string scrubbed = scrub_utf8(bytes);
  CHECK(scrub_utf8(scrubbed) == scrubbed);
  CHECK(scrub_utf8(head_of(scrubbed, columns)) == head_of(scrubbed, columns));
  CHECK(scrub_utf8(tail_of(scrubbed, columns)) == tail_of(scrubbed, columns));
  (void)cut_middle(scrubbed, columns, columns);
  return 0;
}
