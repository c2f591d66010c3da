// The stage that checks an ELF file: `bootrig stage check`. Its output is an empty file, for ninja to see that it went well.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

// The words after "check", as stage.h lists them. An error names every property that does not hold: what is wanted, what
// was found.
Result<void> run_check(const std::vector<std::string>& words);

}  // namespace bootrig
