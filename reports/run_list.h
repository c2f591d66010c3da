// The list of runs that a history holds: for a person, and as JSON (reports/history.schema.json).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"
#include "json/value.h"
#include "reports/style.h"

namespace bootrig {

// "2026-09-21 14:13", UTC; of a time in Unix milliseconds.
std::string minute_text(std::int64_t unix_ms);
// "2026-09-21"
std::string day_text(std::int64_t unix_ms);

// A line each: id, time, revision, name, counts by standing, and what has no result.
std::string run_list(const std::vector<RunRow>& rows, const Style& style);
JsonValue run_list_json(const std::vector<RunRow>& rows);

}  // namespace bootrig
