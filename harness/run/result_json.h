// RunResult as JSON and back: what the journal keeps and report.json shows. Every field but the transcript's excerpt,
// which stands in the attempt's folder.
#pragma once

#include "base/error.h"
#include "json/value.h"
#include "run/result.h"

namespace bootrig {

JsonValue to_json(const Finding& finding);
JsonValue to_json(const RunResult& result);
JsonValue to_json(const Outcome& outcome);
JsonValue to_json(const RunInfo& run);
JsonValue to_json(const RunTotals& totals);

// Errors name the key that is missing or wrong.
Result<RunResult> result_from_json(const JsonValue& value);
Result<RunInfo> run_info_from_json(const JsonValue& value);

}  // namespace bootrig
