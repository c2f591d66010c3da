#include <fmt/format.h>
#include <fmt/ranges.h>

#include "triage/last_words.h"
#include "triage/rules/rules.h"

namespace bootrig {

// A dump is of an exception, which other rules explain; who ends without one has a reason of his own, and says it.
std::optional<RootCause> gave_up(const Facts& facts) {
  if (facts.record) return std::nullopt;
  const auto words = find_last_words(facts);
  if (!words) return std::nullopt;
  std::string what = fmt::format("{} gave up, in its own words: '{}'", words->program, words->reason);
  if (!words->before.empty()) what += fmt::format("; before that it said '{}'", fmt::join(words->before, "', '"));
  return RootCause{"gave-up", what, words->change.value_or("find in its source what it demands where it prints that")};
}

}  // namespace bootrig
