// Results for the tests of all reporters, one per way to stand, and the comparison with approved
// outputs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/result.h"

namespace bootrig {

RunInfo sample_run();

RunResult passed_sample(const std::string& scenario, const std::string& gic);
RunResult diverged_sample(const std::string& gic);   // unexpected-output
RunResult exception_sample();                        // a signature, with the guest's escapes
RunResult explained_sample(const std::string& gic);  // an exception with its root cause
RunResult silent_sample();                           // boot-timeout without a byte
RunResult build_error_sample(const std::string& scenario, const std::string& gic);
RunResult expected_failure_sample();
RunResult unexpected_pass_sample();
RunResult wrong_failure_sample();
RunResult skipped_sample(const std::string& scenario, const std::string& reason);
RunResult quarantined_sample();
RunResult flaky_sample();
RunResult retried_sample();  // failed three times, by three causes

// All of them, in an order of finishing that mixes targets.
std::vector<RunResult> sample_results();
RunTotals totals_of(const std::vector<RunResult>& results);

// Gives the results to the reporter: begin, started and finished each, end.
Result<void> report(Reporter& reporter, const std::vector<RunResult>& results, std::size_t missing = 0);

// Compares with reports/approved/<name>; BOOTRIG_APPROVE=1 in the environment writes it instead.
void expect_approved(std::string_view name, const std::string& actual);

std::string temporary_path(const std::string& name);

}  // namespace bootrig
