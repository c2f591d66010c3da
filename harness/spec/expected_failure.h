// Reads the keys of an expected failure: "verdict", "cause", "root-cause", "detail", "reason". A
// scenario's "expect-fail" and a matrix's rules of that name have them.
#pragma once

#include <span>
#include <string>

#include "json/reader.h"
#include "spec/scenario.h"

namespace bootrig {

void read_expected_failure(JsonReader& json, ExpectedFailure& expected);

// The causes that a verdict can have; their names are those of to_text(Cause) in run/verdict.h.
std::span<const std::string> fail_causes();
std::span<const std::string> error_causes();

}  // namespace bootrig
