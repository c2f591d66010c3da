// The vocabulary of root causes: every name that triage may give and that an expected failure may ask for. The rules
// that name them are in triage/; what a cause means is said there.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bootrig {

// Sorted.
std::span<const std::string> root_cause_names();
bool is_root_cause(std::string_view name);

// What an expected failure writes when triage must name nothing.
inline constexpr std::string_view kNoRootCause = "none";

}  // namespace bootrig
