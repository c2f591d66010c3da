// Alignment: which bytes of a console satisfied which expectation. For those who ask what would have happened had the
// console said something else (prove/); a session needs none of it. Works on a console without ANSI escapes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/expectations.h"
#include "match/line_pattern.h"

namespace bootrig {

// What a step's check looks at, and a text that it must not allow in its place.
struct CheckedText {
  std::size_t begin = 0, end = 0;
  std::string disallowed;
};

// All positions are offsets in the console.
struct MetExpectation {
  std::size_t index = 0;  // of the transcript's line, or the step
  std::string place;      // "expected.transcript:12"
  std::string written;
  bool step = false;
  bool follows = false;  // a line: it must directly follow the one before it
  std::uint64_t line = 0;
  std::size_t line_begin = 0, line_end = 0;  // the console's whole line, with its '\n'
  std::size_t begin = 0, end = 0;            // what it took: the line's text; of a step, from where it searched
  std::vector<match::LinePart> parts;        // of a step that is literal: the literal; of another: all that it took
  std::vector<CheckedText> checked;          // of a step: what its checks look at
};

// What was met, in the order of the console.
std::vector<MetExpectation> align(const Expectations& expectations, std::string_view console);

// Every line of the console, from `from` on, that the expectation could be met by, whatever its names stand for.
std::vector<MetExpectation> lines_that_fit(const Expectations& expectations, std::size_t index,
                                           std::string_view console, std::size_t from);

bool in_listed_order(const Expectations& expectations);

// A line in which a failure signature, or something forbidden, is found.
struct WatchedSample {
  std::string name;  // as SignatureHit has it
  std::string line;
};
// One for each that is armed; those for which none could be made up are left out.
std::vector<WatchedSample> watched_samples(const Expectations& expectations);

// The console without ANSI escapes.
std::string without_escapes(std::string_view console);

}  // namespace bootrig
