// `bootrig stage tool`: runs a program of the user's and holds it to its outputs. Private to image/.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

// The arguments as run_stage describes them. What the program prints goes to stderr; when it fails, the error has its
// last line too, where interpreters say what is wrong.
Result<void> run_tool(const std::vector<std::string>& words);

}  // namespace bootrig
