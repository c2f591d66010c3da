// Earlier runs out of the history, as the page for people draws its trends from them (reports/html_report.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "json/value.h"

namespace bootrig {

// The latest 60 runs of that name, without the run `except`; fewer when they have many testcases, for the page's size.
// Empty when the history cannot be read: whoever wrote it has warned of that.
JsonValue::Array page_history(const std::filesystem::path& file, const std::string& name,
                              std::optional<std::int64_t> except);

}  // namespace bootrig
