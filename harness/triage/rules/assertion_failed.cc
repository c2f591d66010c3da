#include <fmt/format.h>
#include <fmt/ranges.h>

#include "triage/last_words.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// seL4's fail(): no condition, but an end that lines before it may have told the reason of.
RootCause told_failure(const Facts& facts, const std::string& words, const std::string& where) {
  const auto errors = errors_before(facts, "seL4 called fail at ");
  const std::string before = errors.empty() ? "" : fmt::format("; before that it said '{}'", fmt::join(errors, "', '"));
  const auto known = errors.empty() ? std::nullopt : change_for_words(facts, errors.front());
  return RootCause{"assertion-failed",
                   fmt::format("the program stopped itself, in the words of {}: '{}'{}{}", facts.record->dialect, words,
                               where, before),
                   known.value_or(fmt::format("read the code{}: what it demands there is not so on this machine, or "
                                              "with this image",
                                              where))};
}

// seL4 prints the expression of every assertion: without one, its text in memory was written over, and the condition
// that does not hold is a consequence of that.
bool words_are_lost(const ExceptionRecord& record) {
  return record.dialect == "sel4-kernel" && record.extra.at("assertion") == "unnamed";
}

}  // namespace

// The program's own words are the evidence, and come before all else that could be said of where it stopped.
std::optional<RootCause> assertion_failed(const Facts& facts) {
  if (!facts.record) return std::nullopt;
  const auto& extra = facts.record->extra;
  const auto assertion = extra.find("assertion");
  if (assertion == extra.end() || words_are_lost(*facts.record)) return std::nullopt;
  const auto part = [&](const char* name, const char* before) {
    const auto found = extra.find(name);
    return found == extra.end() ? "" : before + found->second;
  };
  const std::string where = part("place", " at ") + part("function", " in ");
  if (extra.contains("failed-without-condition")) return told_failure(facts, assertion->second, where);
  const std::string said = assertion->second == "unnamed" ? "" : fmt::format(" '{}'", assertion->second);
  return RootCause{"assertion-failed",
                   fmt::format("the program stopped itself, in the words of {}: its assertion{}{} does not hold",
                               facts.record->dialect, said, where),
                   fmt::format("read the code{}: what it demands there is not so on this machine, or with this image",
                               part("place", " at "))};
}

}  // namespace bootrig
