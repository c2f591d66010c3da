#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

constexpr std::size_t kPeriodMax = 16;     // lines
constexpr std::size_t kLinesAtLeast = 12;  // that repeat, so that a short list is not taken for an endless one
constexpr std::size_t kShown = 80;         // bytes of a line

// Counters and addresses differ from line to line.
std::string without_numbers(std::string_view line) {
  std::string text;
  for (const char c : line) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) text += c;
    if (digit && (text.empty() || text.back() != '#')) text += '#';
  }
  return text;
}

// The last whole lines: the one before the end may be cut off.
std::vector<std::string_view> last_lines(std::string_view transcript) {
  std::vector<std::string_view> lines;
  for (const std::string_view line : split_lines(transcript.substr(0, transcript.rfind('\n') + 1))) {
    lines.push_back(trim(line));
  }
  const std::size_t keep = std::max(kLinesAtLeast, 3 * kPeriodMax);
  if (lines.size() > keep) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(keep));
  return lines;
}

// How many lines make up what repeats; 0: nothing does.
std::size_t find_period(const std::vector<std::string>& lines) {
  for (std::size_t period = 1; period <= kPeriodMax; ++period) {
    const std::size_t needed = std::max(kLinesAtLeast, 3 * period);
    if (lines.size() < needed) return 0;
    const auto begin = lines.end() - static_cast<std::ptrdiff_t>(needed);
    if (std::equal(begin + static_cast<std::ptrdiff_t>(period), lines.end(), begin)) return period;
  }
  return 0;
}

// Whose code prints: user code that asked the kernel for it, else the code that was stopped.
std::string printer(const Facts& facts) {
  if (facts.cpus.empty()) return "";
  const CpuFacts& cpu = facts.cpus.front();
  const auto elr = system_register(cpu.state, "ELR", cpu.level), spsr = system_register(cpu.state, "SPSR", cpu.level);
  const bool from_user = cpu.level > 0 && elr && *elr != 0 && spsr && (*spsr & 0x1f) == 0;  // SPSR_ELx.M: EL0t
  if (from_user) return fmt::format("; user code asks for it at {}", code_symbol(facts, *elr));
  return fmt::format("; the CPU is at EL{}, {}", cpu.level, code_symbol(facts, cpu.state.pc));
}

}  // namespace

std::optional<RootCause> endless_output(const Facts& facts) {
  if (facts.evidence.stopped_for != StoppedFor::kOutput) return std::nullopt;
  const auto lines = last_lines(facts.evidence.transcript);
  std::vector<std::string> shapes;
  std::ranges::transform(lines, std::back_inserter(shapes), without_numbers);
  const std::size_t period = find_period(shapes);
  if (period == 0) return std::nullopt;
  const std::string_view first = lines[lines.size() - period];
  const std::string shown = printable(first.substr(0, kShown));
  return RootCause{
      "endless-output",
      fmt::format("the console says the same again and again: {} '{}'{}",
                  period == 1 ? "the line" : fmt::format("{} lines that begin with", period), shown, printer(facts)),
      "find the loop that prints these lines and what was to end it"};
}

}  // namespace bootrig
