// ShardCollection: makes one run's folder of the folders that its shards left, or are still filling: a journal of all
// results, and the files of each testcase. It judges nothing and reports nothing; who asks it gets each result once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "run/journal.h"
#include "run/plan_record.h"

namespace bootrig {

class ShardCollection {
 public:
  // Begins the folder: what an earlier run left in it is replaced. `plan`: of all shards.
  static Result<ShardCollection> create(const std::filesystem::path& output, PlanRecord plan);

  // The results that have come to the shard's folder since the last call, each testcase's first; their files are then
  // in the output folder. Errors name the file: a line that cannot be read, a journal of another plan, a result that is
  // not the shard's.
  Result<std::vector<RunResult>> take(unsigned shard, const std::filesystem::path& folder);

  // The shard's testcases that have no result.
  std::vector<const RunResult*> open_of(unsigned shard) const;
  std::size_t open_count(unsigned shard) const { return open_.at(shard - 1); }
  // For a testcase that will have none: an error (host), whose `why` is one sentence.
  static RunResult lost(const RunResult& planned, const std::string& why);

  const PlanRecord& plan() const { return plan_; }
  // What was strange in the journals: results that came twice, lines that were cut off.
  std::vector<std::string> remarks() const;

 private:
  ShardCollection(std::filesystem::path output, PlanRecord plan);
  Result<void> check(const JournalFollower& journal, unsigned shard, const std::filesystem::path& file) const;
  Result<void> keep(const RunResult& result, const std::filesystem::path& folder);

  std::filesystem::path output_;
  PlanRecord plan_;
  Journal journal_;
  std::map<std::string, std::size_t> index_;  // of each id in the plan
  std::vector<bool> done_;
  std::vector<std::size_t> open_;  // by shard, from 0
  std::map<std::filesystem::path, JournalFollower> followers_;
  std::vector<std::string> twice_;
};

}  // namespace bootrig
