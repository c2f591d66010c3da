// How near a line is in spelling to what was expected. Reports use it to show "this came instead".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bootrig::match {

// An expected line as bytes, with kWildcard where any text may stand.
using Spelling = std::vector<std::int16_t>;
inline constexpr std::int16_t kWildcard = -1;

void append_literal(Spelling& spelling, std::string_view literal);

// The number of bytes to insert, delete or change; none when more than a third of the letters
// differ, or when there is too little to compare.
std::optional<std::size_t> spelling_distance(const Spelling& expected, std::string_view line);

}  // namespace bootrig::match
