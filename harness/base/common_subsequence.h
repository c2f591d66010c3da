// The longest common subsequence of two sequences: what a diff leaves alone.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace bootrig {

using IndexPairs = std::vector<std::pair<std::size_t, std::size_t>>;

// Pairs of places at which `same(i, j)` holds, both rising. Time and memory are those of a table of the two sizes, once
// what both begin and end with is taken away; a table of more than 2^24 places is not made, and these alone are given.
IndexPairs common_subsequence(std::size_t first, std::size_t second,
                              const std::function<bool(std::size_t, std::size_t)>& same);

}  // namespace bootrig
