#include "image/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "json/value.h"

namespace bootrig {
namespace {

// CMake's manual, if(<constant>): the words that are true and false, whatever their case.
std::optional<bool> truth(std::string_view value) {
  std::string upper(value);
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  constexpr std::array<std::string_view, 4> kTrue{"ON", "TRUE", "YES", "Y"};
  constexpr std::array<std::string_view, 4> kFalse{"OFF", "FALSE", "NO", "N"};
  if (std::ranges::find(kTrue, upper) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, upper) != kFalse.end()) return false;
  return std::nullopt;
}

// The same where a truth is expected: there 1 and 0 are words too, and nothing is false.
std::optional<bool> loose_truth(std::string_view value) {
  if (value == "1") return true;
  if (value == "0" || value.empty()) return false;
  return truth(value);
}

bool agree(std::string_view wanted, std::string_view found) {
  const auto wanted_truth = truth(wanted);
  return wanted_truth ? loose_truth(found) == wanted_truth : wanted == found;
}

// CMakeCache.txt: "NAME:TYPE=VALUE", the name in quotes where it has a ':'; comments begin with '#' or '//'.
Configuration parse_cache(std::string_view text) {
  Configuration entries;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with('#') || line.starts_with("//")) continue;
    const bool quoted = line.starts_with('"');
    const std::size_t end = quoted ? line.find('"', 1) : line.find(':');
    if (end == std::string_view::npos) continue;
    const std::size_t equals = line.find('=', end);
    if (equals == std::string_view::npos) continue;
    entries[std::string(line.substr(quoted ? 1 : 0, end - (quoted ? 1 : 0)))] = line.substr(equals + 1);
  }
  return entries;
}

Result<Configuration> parse_members(std::string_view name, std::string_view text) {
  BOOTRIG_TRY(const JsonValue root, parse_json(name, text));
  const auto* object = std::get_if<JsonValue::Object>(&root.value);
  if (!object) return fail(std::string(name), "no JSON object at its root");
  Configuration entries;
  for (const auto& [key, member] : *object) {
    if (const auto* word = std::get_if<std::string>(&member.value)) entries[key] = *word;
    if (const auto* set = std::get_if<bool>(&member.value)) entries[key] = *set ? "ON" : "OFF";
    if (const auto* number = std::get_if<std::int64_t>(&member.value)) entries[key] = fmt::format("{}", *number);
    if (const auto* number = std::get_if<std::uint64_t>(&member.value)) entries[key] = fmt::format("{}", *number);
  }
  return entries;
}

std::string_view next_word(std::string_view& rest) {
  rest = trim(rest);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest = trim(rest.substr(word.size()));
  return word;
}

Configuration parse_header(std::string_view text) {
  Configuration entries;
  for (std::string_view line : split_lines(text)) {
    line = trim(line);
    const bool comment = line.starts_with("/*") || line.starts_with("//");
    if (comment) line = trim(line.substr(2));
    const std::string_view directive = next_word(line);
    const std::string name(next_word(line));
    if (name.empty()) continue;
    if (directive == "#define" && !comment) entries[name] = line.empty() ? "ON" : std::string(line);
    if (directive == "#undef" || (directive == "disabled:" && comment)) entries[name] = "OFF";
  }
  return entries;
}

}  // namespace

Result<Configuration> parse_configuration(std::string_view name, std::string_view text) {
  if (name.ends_with("CMakeCache.txt")) return parse_cache(text);
  if (trim(text).starts_with('{')) return parse_members(name, text);
  return parse_header(text);
}

std::string contradiction(const CmakeAssertion& wanted, std::string_view name, const Configuration& found) {
  const std::string because = wanted.because.empty() ? "" : ": " + wanted.because;
  const auto entry = found.find(wanted.entry);
  if (entry == found.end()) {
    std::vector<std::string> names;
    for (const auto& [known, value] : found) names.push_back(known);
    return fmt::format("{} has no entry '{}', which must be '{}'{}{}", printable(name), printable(wanted.entry),
                       printable(wanted.value), did_you_mean(wanted.entry, names), because);
  }
  const auto unless = found.find(wanted.unless);
  const bool taken_back = !wanted.unless.empty() && unless != found.end() && loose_truth(unless->second) == true;
  if (agree(wanted.value, entry->second) && !taken_back) return "";
  const std::string also = taken_back ? fmt::format(" and '{}' is '{}'", unless->first, printable(unless->second)) : "";
  return fmt::format("'{}' in {} must be '{}', found '{}'{}{}", printable(wanted.entry), printable(name),
                     printable(wanted.value), printable(entry->second), also, because);
}

}  // namespace bootrig
