// The reports that a CI asks for by name: --report github, ctrf, ktap.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "run/result.h"

namespace CLI {
class App;
}

namespace bootrig {

struct ReportOptions {
  std::vector<std::string> names;  // "github", "ctrf", "ctrf=FILE", "ktap", "ktap=FILE"
};

void add_report_options(CLI::App& app, ReportOptions& options);

// In the order in which they must hear of the end. GitHub's is made, too, where its runner says that it runs us
// (GITHUB_ACTIONS). `output`: the run's folder; `project`: the project's. Errors: a name that there is not.
Result<std::vector<std::unique_ptr<Reporter>>> make_reporters(const ReportOptions& options,
                                                              const std::filesystem::path& output,
                                                              const std::filesystem::path& project);

}  // namespace bootrig
