// `bootrig stage elfloader-headers` and `elfloader-check`: what seL4's elfloader is compiled with, and whether what was
// linked can boot. Private to image/.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

// The arguments as run_stage describes them.
Result<void> write_elfloader_headers(const std::vector<std::string>& words);
Result<void> check_elfloader(const std::vector<std::string>& words);

}  // namespace bootrig
