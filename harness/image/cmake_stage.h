// `bootrig stage cmake`: configures a CMake project where something that decides it has changed, holds the result to
// the recipe's assertions, and has the project's own build make what changed. Private to image/.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

// The arguments as run_stage describes them. What a compiler prints goes to stderr without ninja's lines between.
Result<void> run_cmake(const std::vector<std::string>& words);

}  // namespace bootrig
