// Runs that are read from what they left: a report.json or a run's folder. Their results as the history keeps them.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "history/record.h"

namespace bootrig {

// `path`: a report.json (of any name), or a folder that holds one. An error names the file and what is wrong.
Result<RunRecord> read_stored_run(const std::filesystem::path& path);

// Every report.json at or below the path, sorted; a file is taken as it is. An error: there is nothing, or no report.
Result<std::vector<std::filesystem::path>> find_reports(const std::filesystem::path& path);

}  // namespace bootrig
