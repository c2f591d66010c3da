#include "spec/matrix.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/reader.h"
#include "spec/expected_failure.h"
#include "spec/machine_keys.h"
#include "spec/names.h"

namespace bootrig {
namespace {

void read_globs(JsonReader& json, std::string_view key, std::vector<std::string>& globs, Presence presence) {
  json.distinct_texts(key, globs, presence);
  for (std::size_t i = 0; i < globs.size(); ++i) {
    if (is_glob(globs[i])) continue;
    const bool varied = globs[i].find('[') != std::string::npos;
    json.refuse(fmt::format("{}/{}", key, i),
                fmt::format("'{}' is not a name or a glob ('*', '?'){}", printable(globs[i]),
                            varied ? "; 'vary' and 'where' say what varies" : ""));
  }
}

void read_entry(JsonReader& json, MatrixEntry& entry) {
  entry.place = json.place();
  read_globs(json, "scenarios", entry.scenarios, kRequired);
  read_globs(json, "targets", entry.targets, kRequired);
  json.scalar_lists("vary", entry.vary);
  for (auto& [key, values] : entry.vary) {
    normalize_values(json, "vary/" + escape_pointer(key), key, variable_keys(), values);
  }
  json.distinct_texts("tags", entry.tags);
  check_names(json, "tags", entry.tags, "a tag");
}

void read_condition(JsonReader& json, CellCondition& condition) {
  read_globs(json, "scenarios", condition.scenarios, kOptional);
  read_globs(json, "targets", condition.targets, kOptional);
  JsonReader::TextLists where;
  json.scalar_lists("where", where);
  for (auto& [key, values] : where) {
    normalize_values(json, "where/" + escape_pointer(key), key, machine_keys(), values);
    condition.where[key] = values;
  }
  // A rule that was left empty would hold for the whole matrix; who wants that says so.
  if (condition.scenarios.empty() && condition.targets.empty() && condition.where.empty()) {
    json.refuse("",
                "the rule says for which testcases it holds by none of 'scenarios', 'targets' and 'where'; "
                "write \"scenarios\": [\"*\"] if it is for all");
  }
}

void read_exclude(JsonReader& json, ExcludeRule& rule) {
  rule.place = json.place();
  read_condition(json, rule.condition);
  json.text("reason", rule.reason, kRequired);
}

void read_expect_fail(JsonReader& json, ExpectFailRule& rule) {
  rule.place = json.place();
  read_condition(json, rule.condition);
  read_expected_failure(json, rule.expected);
}

void read_quarantine(JsonReader& json, QuarantineRule& rule) {
  rule.place = json.place();
  read_condition(json, rule.condition);
  json.text("reason", rule.reason, kRequired);
  json.text("owner", rule.owner, kRequired);
  json.text("until", rule.until, kRequired);
  if (!rule.until.empty() && !is_date(rule.until)) {
    json.refuse("until",
                fmt::format("'{}' is not a date of the calendar; write year, month and day, as in '2027-01-31'",
                            printable(rule.until)));
  }
}

void read_matrix(JsonReader& json, Matrix& matrix) {
  json.ignore("$schema");
  json.text("summary", matrix.summary, kRequired);
  json.objects(
      "entries", [&](JsonReader& entry) { read_entry(entry, matrix.entries.emplace_back()); }, kRequired);
  json.objects("exclude", [&](JsonReader& rule) { read_exclude(rule, matrix.exclude.emplace_back()); });
  json.objects("expect-fail", [&](JsonReader& rule) { read_expect_fail(rule, matrix.expect_fail.emplace_back()); });
  json.objects("quarantine", [&](JsonReader& rule) { read_quarantine(rule, matrix.quarantine.emplace_back()); });
}

}  // namespace

Result<Matrix> parse_matrix(std::string_view name, std::string_view display_name, std::string_view text) {
  if (!is_name(name)) return fail(std::string(display_name), not_a_name(name, "a matrix's name"));
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(display_name, text));
  Matrix matrix;
  matrix.name = name;
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) { read_matrix(json, matrix); }));
  return matrix;
}

}  // namespace bootrig
