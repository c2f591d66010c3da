#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

constexpr std::size_t kBytes = 1 << 20;   // of the transcript, from its begin
constexpr std::size_t kOpening = 2;       // lines that tell a begin
constexpr std::size_t kOpeningText = 24;  // bytes that they must have, so that two short words are not taken for one
constexpr std::size_t kBegins = 3;        // a program may well be started twice: by its loader, or by a user

// Whole lines with text in them.
std::vector<std::string_view> lines_of(std::string_view transcript) {
  transcript = transcript.substr(0, kBytes);
  std::vector<std::string_view> lines;
  for (const std::string_view line : split_lines(transcript.substr(0, transcript.rfind('\n') + 1))) {
    if (const std::string_view text = trim(line); !text.empty()) lines.push_back(text);
  }
  return lines;
}

// The places of the first lines' repetitions, the first one included.
std::vector<std::size_t> begins_of(const std::vector<std::string_view>& lines) {
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at + kOpening <= lines.size(); ++at) {
    if (std::equal(lines.begin(), lines.begin() + kOpening, lines.begin() + static_cast<std::ptrdiff_t>(at))) {
      begins.push_back(at);
    }
  }
  return begins;
}

}  // namespace

// A program's first words come once a start. What else repeats, repeats from further behind.
std::optional<RootCause> reset_loop(const Facts& facts) {
  const StoppedFor why = facts.evidence.stopped_for;
  if (why != StoppedFor::kTime && why != StoppedFor::kOutput) return std::nullopt;
  const auto lines = lines_of(facts.evidence.transcript);
  if (lines.size() < kOpening || lines[0] == lines[1] || lines[0].size() + lines[1].size() < kOpeningText) {
    return std::nullopt;
  }
  const auto begins = begins_of(lines);
  if (begins.size() < kBegins) return std::nullopt;
  const std::string_view last = lines[begins[1] - 1];
  const bool same = std::ranges::all_of(begins.begin() + 1, begins.end(),
                                        [&](std::size_t begin) { return lines[begin - 1] == last; });
  constexpr std::size_t kShown = 80;
  return RootCause{"reset-loop",
                   fmt::format("the console begins anew {} times with its first line, '{}'; {} '{}'", begins.size() - 1,
                               printable(lines[0].substr(0, kShown)),
                               same ? "each time the last line before is" : "the first time the last line before is",
                               printable(last.substr(0, kShown))),
                   "find what follows that line and starts the machine again: a watchdog that nobody feeds, a reset or "
                   "panic handler "
                   "that restarts, or a jump to the entry point"};
}

}  // namespace bootrig
