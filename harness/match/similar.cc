#include "match/similar.h"

#include <algorithm>
#include <numeric>

namespace bootrig::match {
namespace {

// Comparing costs the product of both lengths.
constexpr std::size_t kComparedMax = 256;
// With wildcards around it, a shorter literal resembles almost every line.
constexpr std::size_t kLiteralMin = 4;

}  // namespace

void append_literal(Spelling& spelling, std::string_view literal) {
  for (const char byte : literal) spelling.push_back(static_cast<unsigned char>(byte));
}

std::optional<std::size_t> spelling_distance(const Spelling& expected, std::string_view line) {
  const std::size_t symbols = std::min(expected.size(), kComparedMax);
  line = line.substr(0, kComparedMax);
  const auto wildcards = static_cast<std::size_t>(
      std::count(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(symbols), kWildcard));
  const std::size_t literals = symbols - wildcards;
  if (literals == 0 || (wildcards > 0 && literals < kLiteralMin)) return std::nullopt;

  // row[j]: the distance of the symbols so far from the first j bytes of the line.
  std::vector<std::size_t> row(line.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < symbols; ++i) {
    const bool any = expected[i] == kWildcard;
    std::size_t diagonal = row[0];
    if (!any) ++row[0];
    for (std::size_t j = 1; j <= line.size(); ++j) {
      const std::size_t above = row[j];
      const bool same = expected[i] == static_cast<unsigned char>(line[j - 1]);
      row[j] = any ? std::min(above, row[j - 1]) : std::min({above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1)});
      diagonal = above;
    }
  }
  const std::size_t letters = wildcards > 0 ? literals : std::max(literals, line.size());
  if (row.back() * 3 > letters) return std::nullopt;
  return row.back();
}

}  // namespace bootrig::match
