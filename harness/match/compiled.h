// What Expectations are made of. For the match room alone: others see Expectations as an opaque
// type.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "match/expectations.h"
#include "match/line_pattern.h"
#include "match/regex.h"
#include "match/watch.h"

namespace bootrig {
namespace match {

// A line of a transcript file.
struct ExpectedLine {
  std::string place;
  std::string written;
  LinePattern pattern;
  bool after_gap = false;  // lines may pass before it
  bool prompt = false;     // the console's line must only begin with it
};

// Consecutive lines: each must directly follow the one before.
struct Block {
  std::size_t first = 0;
  std::size_t count = 0;
  bool after_gap = false;
};

struct ExpectStep {
  std::string place;
  TextPattern pattern;
  std::optional<Duration> within;
  std::vector<CaptureCheck> checks;
};
struct SendStep {
  std::string bytes;
  bool echoed = true;
};
using Step = std::variant<ExpectStep, SendStep>;

// A transcript file's lines, comments and gaps taken out.
Result<std::vector<ExpectedLine>> parse_transcript(std::string_view display_name, std::string_view text);
std::vector<Block> make_blocks(const std::vector<ExpectedLine>& lines, Unexpected unexpected);

}  // namespace match

struct Expectations {
  std::vector<match::ExpectedLine> lines;
  std::vector<match::Block> blocks;
  Order order = Order::kListed;
  std::vector<match::Step> steps;  // with steps there are no lines
  match::Watchlist watchlist;
};

}  // namespace bootrig
