// The stage that runs make in a source tree: `bootrig stage make`. The tree stays as it is: make builds in a copy, or,
// where a variable tells the tree's makefile so, in a folder of the stage's.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

// The words after "make", as stage.h lists them.
Result<void> run_make(const std::vector<std::string>& words);

}  // namespace bootrig
