// Plan: which testcases a run is made of, and why some are left out. Pure but for the project it reads: nothing is
// built, started or probed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "run/project.h"
#include "spec/matrix.h"

namespace bootrig {

// One row of a report: a scenario on a target.
struct Testcase {
  std::string id;         // "boot/hello@virt[gic=3]", and "#2" for the second repetition
  std::string target_id;  // "virt[gic=3]"
  std::string cell;       // the id without the repetition
  std::string matrix;     // the matrix it came from; empty: asked for directly
  std::shared_ptr<const Scenario> scenario;
  TargetProfile target;             // with the variation applied
  std::optional<std::string> skip;  // why it is not run
  std::optional<ExpectedFailure> expected_failure;
  std::string quarantine;    // owner, reason and date, also of one that is over; empty: none
  bool quarantined = false;  // it holds: a failure does not gate
};

struct Selection {
  std::vector<std::string> patterns;   // globs over cells and scenarios: "boot/*", "boot/hello@virt*"
  std::vector<std::string> matrices;   // names or files; none: all of the project
  std::vector<std::string> targets;    // globs over target ids and profile names
  std::vector<std::string> scenarios;  // globs
  std::vector<std::string> tags;       // of the scenario or the target; any of them
  unsigned repeat = 1;
  unsigned shard = 1, shards = 1;        // the shard-th of `shards` parts
  std::optional<std::uint64_t> shuffle;  // seed
  // By cell, of an earlier run: the shards take equally long by them. None: the testcases are dealt out in turn.
  std::map<std::string, Duration> durations;
  // By cell, its shard, as an earlier plan dealt it out; then all of the plan must be in it. None: it is dealt out here.
  std::map<std::string, unsigned> dealt;
};

// A cell that a matrix's rule, or a scenario's requirement, leaves out.
struct Exclusion {
  std::string cell;
  std::string reason;
};

struct Plan {
  std::string name;  // of the matrix, or "selection"
  std::vector<Testcase> testcases;
  std::vector<Exclusion> excluded;
  unsigned shard = 1, shards = 1;
  // Where there are several shards: all testcases, `testcases` among them, and the shard of each, from 1.
  std::vector<Testcase> whole = {};
  std::vector<unsigned> shard_of = {};
};

// `today` ("2026-11-22", UTC) decides which quarantines have expired. Errors: bad spec files, unknown names, and an
// empty selection, with what there would have been to select.
Result<Plan> make_plan(const Project& project, const Selection& selection, const std::string& today);

// "2026-11-22"
std::string today_utc();

}  // namespace bootrig
