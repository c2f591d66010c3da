// CaptureCheck: what a text that an "expect" step captured must be. Pure data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootrig {

struct CaptureCheck {
  std::string place;  // "scenario.json:/steps/1/check/ram"
  std::string name;   // of the group in the step's regular expression
  // Either this text exactly, or a number of the range; a bound that is absent does not bound.
  std::optional<std::string> is;
  std::optional<std::uint64_t> at_least, at_most;
};

// Whether the captured text is allowed. Where a number is: decimal digits, or hexadecimal ones behind "0x", of at most
// 64 bits; any other text is not allowed.
bool allows(const CaptureCheck& check, std::string_view captured);

// What is allowed, for a sentence: "900 to 1024", "at least 900", "4", "v1.2".
std::string allowed_text(const CaptureCheck& check);

// A text like the one that was captured that is not allowed. Every check has one.
std::string disallowed_text(const CaptureCheck& check, std::string_view captured);

}  // namespace bootrig
