// Style: what the place that text goes to can show.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "run/verdict.h"

namespace bootrig {

struct Style {
  std::size_t width = 120;  // columns; nothing is longer but commands and paths, which must stay whole to be of use
  bool colour = false;
  bool verbose = false;  // passes too, and every kind of failure with its story

  // Columns left beside `used` ones; at least one.
  std::size_t beside(std::size_t used) const { return width > used ? width - used : 1; }
};

// SGR codes (ECMA-48, 8.3.117).
inline constexpr int kRed = 31, kGreen = 32, kYellow = 33;
inline std::string coloured(std::string_view text, int code, const Style& style) {
  return style.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}
inline int colour_of(Standing standing) {
  if (gates(standing)) return kRed;
  return standing == Standing::kPassed || standing == Standing::kExpectedFailure ? kGreen : kYellow;
}

}  // namespace bootrig
