// PlanRecord: what a run is to do, in its folder from the start (plan.jsonl). By it another process tells which results
// of a journal are missing, and what they would have been of: also when the run was killed, or was one shard of several
// and the others are lost.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "run/plan.h"
#include "run/result.h"

namespace bootrig {

struct PlanRecord {
  RunInfo info;  // as it was when the run began
  unsigned shard = 1, shards = 1;
  // Of all shards: what is known of each before it is booted; `duration`: how long it is expected to take, 0: not known.
  std::vector<RunResult> testcases;
  std::vector<unsigned> shard_of;  // of each of them, from 1
};

// The options that a command which repeats one testcase needs; by image, those that set its parameters.
struct RepeatWords {
  std::vector<std::string> options;
  std::map<std::string, std::vector<std::string>> settings;
};

// A result of the testcase without what only a boot can tell.
RunResult describe_testcase(const Testcase& testcase, const RepeatWords& repeat);
PlanRecord plan_record(const Plan& plan, const RunInfo& info, const RepeatWords& repeat);

// Equal for plans of the same testcases, whatever their order.
std::string plan_fingerprint(std::vector<std::string> ids);
// Of the testcases of one shard, or (0) of all.
std::string plan_fingerprint(const PlanRecord& plan, unsigned shard);

// FOLDER/plan.jsonl: a line about the run, then one for each testcase; or, when `testcases_in` names another plan.jsonl,
// a reference to that one's.
Result<void> write_plan_record(const std::filesystem::path& folder, const PlanRecord& plan,
                               const std::filesystem::path& testcases_in = {});
// Errors name the file and line. It may come from anywhere: no testcase of it has files outside of its run's folder.
Result<PlanRecord> read_plan_record(const std::filesystem::path& folder);

// Where a testcase keeps its files, relative to the run's folder: "cells/boot/hello/virt,gic=3". Each attempt has a
// folder in it, "attempt-1", and the recheck "recheck".
std::filesystem::path cell_folder(const std::string& scenario, const std::string& id);
// Reads what reports show of the last attempt's console back from the run's folder. Nothing where it is not there.
void restore_transcript(const std::filesystem::path& run, RunResult& result);

}  // namespace bootrig
