#include "reports/target_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/console_text.h"
#include "reports/story.h"

namespace bootrig {
namespace {

constexpr std::size_t kRowsShown = 40;
constexpr std::size_t kTimeWidth = 10;
constexpr std::size_t kLeastNameWidth = 8;

// A column holds a value of the target (`key`) or counts standings.
struct Column {
  std::string_view title;
  std::size_t width = 0;  // with the blanks before it
  std::string_view key = {};
  std::vector<Standing> counts = {};
  bool always = false;
};

const std::vector<Column>& count_columns() {
  static const std::vector<Column> kColumns{
      {"pass", 6, "", {Standing::kPassed}, true},
      {"xfail", 7, "", {Standing::kExpectedFailure}, false},
      {"fail", 6, "", {Standing::kFailed, Standing::kUnexpectedPass, Standing::kWrongFailure}, true},
      {"error", 7, "", {Standing::kErrored}, true},
      {"flaky", 7, "", {Standing::kFlaky}, false},
      {"quar.", 7, "", {Standing::kQuarantined}, false},
      {"skip", 6, "", {Standing::kSkipped}, false}};
  return kColumns;
}

std::size_t count_of(const TargetRow& row, const Column& column) {
  std::size_t sum = 0;
  for (const Standing standing : column.counts) sum += row.counts[static_cast<std::size_t>(standing)];
  return sum;
}

bool has_trouble(const TargetRow& row) {
  for (std::size_t i = 0; i < row.counts.size(); ++i) {
    if (row.counts[i] > 0 && gates(static_cast<Standing>(i))) return true;
  }
  return false;
}

struct NamedRow {
  std::string name;
  TargetRow row;
};

std::vector<NamedRow> pick_rows(const std::map<std::string, TargetRow>& rows) {
  std::vector<NamedRow> picked;
  TargetRow all, others;
  for (const auto& [target, row] : rows) {
    all.add(row);
    if (rows.size() <= kRowsShown || (has_trouble(row) && picked.size() < kRowsShown)) {
      picked.push_back({console_text(target), row});
    } else {
      others.add(row);
    }
  }
  if (picked.size() < rows.size())
    picked.push_back({fmt::format("{} other targets", rows.size() - picked.size()), others});
  if (rows.size() > 1) picked.push_back({"all", all});
  return picked;
}

// The counts that say something, and before them what the target is made of, as far as there is
// room beside the names.
std::vector<Column> pick_columns(const std::vector<NamedRow>& rows, std::size_t longest_name, const Style& style) {
  std::vector<Column> counts;
  std::size_t used = longest_name + kTimeWidth;
  for (const Column& column : count_columns()) {
    const bool empty = std::ranges::all_of(rows, [&](const NamedRow& row) { return count_of(row.row, column) == 0; });
    if (empty && !column.always) continue;
    counts.push_back(column);
    used += column.width;
  }
  std::vector<Column> picked;
  for (const Column& value : {Column{"level", 7, "level"}, Column{"gic", 5, "gic"}, Column{"memory", 8, "memory"}}) {
    if (used + value.width > style.width) break;
    const std::string key(value.key);
    if (std::ranges::none_of(rows, [&](const NamedRow& row) { return row.row.values.contains(key); })) continue;
    picked.push_back(value);
    used += value.width;
  }
  picked.insert(picked.end(), counts.begin(), counts.end());
  return picked;
}

std::string cell(const TargetRow& row, const Column& column, const Style& style) {
  if (!column.key.empty()) {
    const auto found = row.values.find(std::string(column.key));
    const std::string value = found == row.values.end() ? "" : cut_to(console_text(found->second), column.width - 1);
    return std::string(column.width - columns_of(value), ' ') + value;
  }
  const std::size_t count = count_of(row, column);
  const std::string text = fmt::format("{:>{}}", count == 0 ? "-" : std::to_string(count), column.width);
  return count > 0 && gates(column.counts.front()) ? coloured(text, kRed, style) : text;
}

}  // namespace

void TargetRow::add(const TargetRow& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  time += other.time;
}

std::string target_table(const std::map<std::string, TargetRow>& rows, const Style& style) {
  const std::vector<NamedRow> picked = pick_rows(rows);
  constexpr std::string_view kTarget = "target";
  std::size_t name_width = kTarget.size();
  for (const NamedRow& row : picked) name_width = std::max(name_width, columns_of(row.name));
  const std::vector<Column> columns = pick_columns(picked, name_width, style);
  std::size_t used = kTimeWidth;
  for (const Column& column : columns) used += column.width;
  name_width = std::min(name_width, std::max(kLeastNameWidth, style.beside(used)));

  const bool fits = name_width + used <= style.width;
  const Style plain{.width = style.width};  // what must be cut has no colour codes to be cut in
  std::string text;
  const auto add_line = [&](const std::string& line) { text += (fits ? line : cut_to(line, style.width)) + "\n"; };
  std::string head = fit_to(kTarget, name_width);
  for (const Column& column : columns) head += fmt::format("{:>{}}", column.title, column.width);
  add_line(head + fmt::format("{:>{}}", "time", kTimeWidth));
  for (const auto& [name, row] : picked) {
    std::string line = fit_to(name, name_width);
    for (const Column& column : columns) line += cell(row, column, fits ? style : plain);
    add_line(line + fmt::format("{:>{}}", seconds_text(row.time), kTimeWidth));
  }
  return text;
}

}  // namespace bootrig
