#include "reports/html_console.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

// 300,000 lines. A guest that cannot stop talking has more; nobody reads their times.
constexpr std::uint64_t kTimesLimit = std::uint64_t{8} << 20;

struct LineStart {
  std::uint64_t offset = 0;
  double milliseconds = 0;
};

// "line<TAB>offset<TAB>milliseconds", from line 1 on, without a gap. What is otherwise ends the list.
std::vector<LineStart> read_line_starts(const std::filesystem::path& folder) {
  std::vector<LineStart> starts;
  if (folder.empty()) return starts;
  const auto text = read_file(folder / "lines.tsv", kTimesLimit);
  if (!text) return starts;
  for (const std::string_view line : split_lines(*text)) {
    const auto fields = split(line, '\t');
    LineStart start;
    if (fields.size() != 3) break;
    if (std::from_chars(fields[1].begin(), fields[1].end(), start.offset).ec != std::errc()) break;
    if (std::from_chars(fields[2].begin(), fields[2].end(), start.milliseconds).ec != std::errc()) break;
    starts.push_back(start);
  }
  return starts;
}

// `first`: index of the first line among the starts.
JsonValue::Array lines_json(std::string_view text, std::size_t first, std::span<const LineStart> starts) {
  JsonValue::Array lines;
  for (const std::string_view line : split_lines(text)) {
    JsonValue time;
    if (first < starts.size()) time = starts[first].milliseconds;
    ++first;
    lines.push_back(JsonValue::Array{std::move(time), line});
  }
  return lines;
}

}  // namespace

JsonValue console_json(const Excerpt& excerpt, const std::filesystem::path& folder) {
  const std::vector<LineStart> starts = read_line_starts(folder);
  const bool whole = excerpt.cut == 0;
  const std::string head = whole ? excerpt.head + excerpt.tail : excerpt.head;
  const std::string_view tail = whole ? std::string_view() : excerpt.tail;
  const auto after = std::ranges::upper_bound(starts, head.size() + excerpt.cut, {}, &LineStart::offset);
  // A list that ends before the tail begins knows nothing of it.
  const bool known = after != starts.begin() && after != starts.end();
  const std::size_t first = known ? static_cast<std::size_t>(after - starts.begin()) - 1 : starts.size();
  return JsonValue::Object{{"head", lines_json(head, 0, starts)},
                           {"cut-bytes", excerpt.cut},
                           {"tail", lines_json(tail, first, starts)},
                           {"tail-first", std::uint64_t{known ? first + 1 : 0}}};
}

}  // namespace bootrig
