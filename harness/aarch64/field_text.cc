#include "aarch64/field_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace bootrig::aarch64 {
namespace {

struct Line {
  std::string bits, name, value, meaning;
};

std::string meaning_text(const Field& field) {
  if (!field.reserved_set) return std::string(field.meaning);
  if (!field.meaning.empty()) return fmt::format("{} (!)", field.meaning);
  return field.name == "RES1" ? "reserved bits are not 1 (!)" : "reserved bits are not 0 (!)";
}

bool is_silent(const Field& field) {
  return field.value == 0 && (field.name == "RES0" || field.name == "IGNORED");
}

void add_lines(std::vector<Line>& lines, const Field& field, std::size_t depth) {
  if (is_silent(field)) return;
  const std::string indent(2 * depth, ' ');
  lines.push_back({indent + (field.high == field.low ? fmt::format("[{}]", field.low)
                                                     : fmt::format("[{}:{}]", field.high, field.low)),
                   std::string(field.name),
                   fmt::format("{:#x}", field.address ? field.value << field.low : field.value), meaning_text(field)});
  // An ISS2 of 0 is what all CPUs without these extensions report.
  if (field.name == "ISS2" && field.value == 0) return;
  for (const Field& part : field.fields) add_lines(lines, part, depth + 1);
}

}  // namespace

std::string field_text(const Field& root) {
  std::vector<Line> lines;
  for (const Field& field : root.fields) add_lines(lines, field, 1);
  std::size_t bits = 0, name = 0, value = 0;
  for (const Line& line : lines) {
    bits = std::max(bits, line.bits.size());
    name = std::max(name, line.name.size());
    value = std::max(value, line.value.size());
  }
  std::string text = fmt::format("{} {:#x}\n", root.name, root.value);
  for (const Line& line : lines) {
    std::string row =
        fmt::format("{:<{}}  {:<{}}  {:<{}}  {}", line.bits, bits, line.name, name, line.value, value, line.meaning);
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

}  // namespace bootrig::aarch64
