#include "base/common_subsequence.h"

#include <algorithm>
#include <cstdint>

namespace bootrig {
namespace {

constexpr std::size_t kTableMax = std::size_t{1} << 24;

}  // namespace

IndexPairs common_subsequence(std::size_t first, std::size_t second,
                              const std::function<bool(std::size_t, std::size_t)>& same) {
  IndexPairs pairs, ending;
  std::size_t begin = 0;
  while (begin < std::min(first, second) && same(begin, begin)) {
    pairs.emplace_back(begin, begin);
    ++begin;
  }
  while (first > begin && second > begin && same(first - 1, second - 1)) ending.emplace_back(--first, --second);
  const std::size_t rows = first - begin, columns = second - begin;
  if (rows > 0 && columns > 0 && columns < kTableMax / rows) {
    // length[i][j]: of what is common behind i and j.
    std::vector<std::uint32_t> length((rows + 1) * (columns + 1));
    const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& { return length[i * (columns + 1) + j]; };
    for (std::size_t i = rows; i-- > 0;) {
      for (std::size_t j = columns; j-- > 0;) {
        at(i, j) = same(begin + i, begin + j) ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
    for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
      if (at(i, j) == at(i + 1, j)) {
        ++i;
      } else if (at(i, j) == at(i, j + 1)) {
        ++j;
      } else {
        pairs.emplace_back(begin + i++, begin + j++);
      }
    }
  }
  pairs.insert(pairs.end(), ending.rbegin(), ending.rend());
  return pairs;
}

}  // namespace bootrig
