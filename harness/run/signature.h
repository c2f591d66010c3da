// The signature of a failed testcase: equal for equal failures, so that a failure can be recognised on another night, in
// another build, on another target. What moves is not in it: addresses, numbers, line numbers, folders.
#pragma once

#include <string>
#include <string_view>

#include "run/result.h"

namespace bootrig {

// What triage says of the last attempt, where it named a cause. Otherwise made of the verdict: the failure signature and
// its line, what was expected and seen, or the first line of an error's detail. Of a flaky testcase: its first attempt
// that failed. Empty for what passed or was skipped.
std::string signature_of(const RunResult& result);

// A line without what moves: numbers and hexadecimal words are '#', absolute paths their last component; printable, at
// most 160 bytes.
std::string without_numbers(std::string_view line);

}  // namespace bootrig
