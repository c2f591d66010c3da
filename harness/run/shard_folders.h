// The folders that the shards of one run left: do they belong together, and which is missing?
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "run/plan_record.h"

namespace bootrig {

struct ShardFolder {
  std::filesystem::path folder;
  PlanRecord plan;
};

// At least one; sorted by shard. Errors: a folder of no run, of another plan, revision or bootrig than the first, or a
// shard that is there twice.
Result<std::vector<ShardFolder>> read_shard_folders(const std::vector<std::filesystem::path>& folders);

// The shards of the plan that none of the folders is of.
std::vector<unsigned> missing_shards(const std::vector<ShardFolder>& folders);

// "2 hosts: a; b", or the one; the earliest beginning; the rest as the first has it.
RunInfo merged_info(const std::vector<ShardFolder>& folders);

}  // namespace bootrig
