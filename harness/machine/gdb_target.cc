#include "machine/gdb_target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace bootrig {
namespace {

// No description comes near it; a hostile one must not make us number for ever.
constexpr unsigned kNumberMax = 1 << 20;

// The tag's text between '<' and '>', and moves behind it. None: there are no more.
std::optional<std::string_view> next_tag(std::string_view& xml) {
  for (;;) {
    const std::size_t begin = xml.find('<');
    if (begin == xml.npos) return std::nullopt;
    xml.remove_prefix(begin + 1);
    const bool comment = xml.starts_with("!--");
    const std::string_view closing = comment ? "-->" : ">";
    const std::size_t end = xml.find(closing);
    if (end == xml.npos) return std::nullopt;
    const std::string_view tag = xml.substr(0, end);
    xml.remove_prefix(end + closing.size());
    if (!comment) return tag;
  }
}

bool is_tag(std::string_view tag, std::string_view name) {
  return tag.starts_with(name) &&
         (tag.size() == name.size() || std::string_view(" \t\r\n/").contains(tag[name.size()]));
}

// The value of name="value"; empty: it has none.
std::string_view attribute(std::string_view tag, std::string_view name) {
  for (std::size_t at = tag.find('='); at != tag.npos; at = tag.find('=', at)) {
    const std::string_view before = tag.substr(0, at);
    if (++at == tag.size() || (tag[at] != '"' && tag[at] != '\'')) continue;
    const std::size_t end = tag.find(tag[at], at + 1);
    if (end == tag.npos) return {};
    if (before.size() > name.size() && before.ends_with(name) &&
        std::string_view(" \t\r\n").contains(before[before.size() - name.size() - 1])) {
      return tag.substr(at + 1, end - at - 1);
    }
    at = end;
  }
  return {};
}

}  // namespace

std::vector<std::string> parse_gdb_includes(std::string_view xml) {
  std::vector<std::string> files;
  while (const auto tag = next_tag(xml)) {
    if (!is_tag(*tag, "xi:include")) continue;
    if (const auto file = attribute(*tag, "href"); !file.empty()) files.emplace_back(file);
  }
  return files;
}

std::vector<GdbRegister> parse_gdb_registers(std::string_view xml, unsigned& next) {
  std::vector<GdbRegister> registers;
  while (const auto tag = next_tag(xml)) {
    if (!is_tag(*tag, "reg")) continue;
    const std::string_view number = attribute(*tag, "regnum");
    unsigned given = next;
    std::from_chars(number.data(), number.data() + number.size(), given);
    if (given > kNumberMax) continue;
    next = given + 1;
    if (const auto name = attribute(*tag, "name"); !name.empty()) registers.push_back({std::string(name), given});
  }
  return registers;
}

std::string canonical_register_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kShortened{{{"SCTLR", "SCTLR_EL1"},
                                                                                     {"VBAR", "VBAR_EL1"},
                                                                                     {"CPACR", "CPACR_EL1"},
                                                                                     {"CNTKCTL", "CNTKCTL_EL1"},
                                                                                     {"AMAIR0", "AMAIR_EL1"}}};
  const auto row = std::ranges::find(kShortened, name, &std::pair<std::string_view, std::string_view>::first);
  return std::string(row == kShortened.end() ? name : row->second);
}

}  // namespace bootrig
