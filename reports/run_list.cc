#include "reports/run_list.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/console_text.h"
#include "reports/summary.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

std::tm utc(std::int64_t unix_ms) {
  return fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000));
}

std::string outcome_words(const RunRow& row) {
  std::string words = totals_words(row.totals);
  if (words.empty()) words = "nothing";
  if (row.run.missing > 0) words += fmt::format("; {} without a result", row.run.missing);
  return words;
}

}  // namespace

std::string minute_text(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%d %H:%M}", utc(unix_ms));
}

std::string day_text(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%d}", utc(unix_ms));
}

std::string run_list(const std::vector<RunRow>& rows, const Style& style) {
  constexpr std::size_t kNameLimit = 24;
  std::size_t id_width = 2, revision_width = 8, name_width = 4;
  for (const RunRow& row : rows) {
    id_width = std::max(id_width, fmt::formatted_size("{}", row.run.id));
    revision_width = std::max(revision_width, columns_of(console_text(row.run.info.revision)));
    name_width = std::max(name_width, columns_of(cut_to(console_text(row.run.info.name), kNameLimit)));
  }
  std::string text = fmt::format("{:>{}}  {:16}  {:{}}  {:{}}  results\n", "id", id_width, "time (UTC)", "revision",
                                 revision_width, "name", name_width);
  for (const RunRow& row : rows) {
    const RunInfo& info = row.run.info;
    const std::string line = fmt::format("{:>{}}  {:16}  {:{}}  {:{}}  {}", row.run.id, id_width,
                                         minute_text(info.started_at_ms), console_text(info.revision), revision_width,
                                         cut_to(console_text(info.name), kNameLimit), name_width, outcome_words(row));
    text += cut_to(line, style.width) + "\n";
  }
  return text;
}

JsonValue run_list_json(const std::vector<RunRow>& rows) {
  JsonValue::Array runs;
  for (const RunRow& row : rows) {
    runs.push_back(JsonValue::Object{{"id", row.run.id},
                                     {"run", to_json(row.run.info)},
                                     {"totals", to_json(row.totals)},
                                     {"missing", std::uint64_t{row.run.missing}},
                                     {"folder", row.run.folder}});
  }
  return JsonValue::Object{{"schema", "bootrig-history-1"}, {"runs", std::move(runs)}};
}

}  // namespace bootrig
