// Mutants of one line of a console: what it says instead. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/alignment.h"

namespace bootrig {

// The bytes from `begin` to `end` become `text`.
struct Edit {
  std::size_t begin = 0, end = 0;
  std::string text;
};

// A line goes as a whole; of a step, what it took.
Edit drop(const MetExpectation& met, std::string_view console);
// Letters and digits become '~'.
Edit garble(const MetExpectation& met, std::string_view console);
// The middle letter (digit) of the part-th part becomes its successor; none: the part is no literal, or has none.
std::optional<Edit> alter_letter(const MetExpectation& met, std::size_t part, std::string_view console);
std::optional<Edit> alter_digit(const MetExpectation& met, std::size_t part, std::string_view console);
// The captured text with its last byte another, of the same kind.
std::optional<Edit> alter_capture(const MetExpectation& met, std::size_t part, std::string_view console);

}  // namespace bootrig
