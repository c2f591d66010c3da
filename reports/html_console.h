// What an attempt said, with the arrival time of each line, as the page of report.html wants it (html_report.h).
#pragma once

#include <filesystem>

#include "json/value.h"
#include "run/result.h"

namespace bootrig {

// The lines of head and tail. Times and numbers come from `folder`/lines.tsv (run/transcript_file.h); without it, or
// where it is too large to be read, they are unknown.
JsonValue console_json(const Excerpt& excerpt, const std::filesystem::path& folder);

}  // namespace bootrig
