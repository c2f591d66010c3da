// Where in the project's files a result comes from: the expectation that was not met, or else the scenario. For reports
// that point into sources (annotations of a CI server).
#pragma once

#include <filesystem>
#include <string>

#include "run/result.h"

namespace bootrig {

struct SourcePlace {
  std::string file;
  unsigned line = 1;
};

// `project`: its folder. `base`: what the file's name is to be relative to, where it is below it; empty: as it is.
SourcePlace source_place(const RunResult& result, const std::filesystem::path& project,
                         const std::filesystem::path& base = {});

}  // namespace bootrig
