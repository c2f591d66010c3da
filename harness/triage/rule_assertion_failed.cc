#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {

// The program's own words are the evidence, and come before all else that could be said of where it stopped.
std::optional<RootCause> assertion_failed(const Facts& facts) {
  if (!facts.record) return std::nullopt;
  const auto& extra = facts.record->extra;
  const auto assertion = extra.find("assertion");
  if (assertion == extra.end()) return std::nullopt;
  const auto part = [&](const char* name, const char* before) {
    const auto found = extra.find(name);
    return found == extra.end() ? "" : before + found->second;
  };
  const std::string where = part("place", " at ") + part("function", " in ");
  const std::string said = assertion->second == "unnamed" ? "" : fmt::format(" '{}'", assertion->second);
  return RootCause{"assertion-failed",
                   fmt::format("the program stopped itself, in the words of {}: its assertion{}{} does not hold",
                               facts.record->dialect, said, where),
                   fmt::format("read the code{}: what it demands there is not so on this machine, or with this image",
                               part("place", " at "))};
}

}  // namespace bootrig
