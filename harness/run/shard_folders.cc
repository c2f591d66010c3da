#include "run/shard_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// More hosts than these are counted, not named.
constexpr std::size_t kHostsNamed = 4;

std::string named(const std::string& revision) {
  return revision.empty() ? "none" : printable(revision);
}

// A testcase that one has and the other has not, or has in another shard.
std::string difference(const PlanRecord& one, const PlanRecord& other) {
  std::map<std::string, unsigned> shards;
  for (std::size_t i = 0; i < one.testcases.size(); ++i) shards.emplace(one.testcases[i].id, one.shard_of[i]);
  for (std::size_t i = 0; i < other.testcases.size(); ++i) {
    const std::string& id = other.testcases[i].id;
    const auto found = shards.find(id);
    if (found == shards.end()) return fmt::format("'{}' is not in that one", printable(id));
    if (found->second != other.shard_of[i]) {
      return fmt::format("'{}' is in its shard {}, and in that one's shard {}", printable(id), other.shard_of[i],
                         found->second);
    }
    shards.erase(found);
  }
  return shards.empty() ? "" : fmt::format("it has no '{}'", printable(shards.begin()->first));
}

// Why the folder is no shard of the same run as the first; empty: it is.
std::string foreign(const ShardFolder& first, const ShardFolder& other) {
  const PlanRecord &one = first.plan, &two = other.plan;
  if (one.info.revision != two.info.revision) {
    return fmt::format("is of revision {}, not {}", named(two.info.revision), named(one.info.revision));
  }
  if (one.info.tool_version != two.info.tool_version) {
    return fmt::format("was run by bootrig {}, not {}", printable(two.info.tool_version),
                       printable(one.info.tool_version));
  }
  if (one.shards != two.shards) return fmt::format("is one of {} shards, not of {}", two.shards, one.shards);
  const std::string text = difference(one, two);
  return text.empty() ? "" : "is of another selection: " + text;
}

}  // namespace

Result<std::vector<ShardFolder>> read_shard_folders(const std::vector<fs::path>& paths) {
  std::vector<ShardFolder> folders;
  for (const fs::path& path : paths) {
    BOOTRIG_TRY(PlanRecord plan, read_plan_record(path));
    folders.push_back({path, std::move(plan)});
  }
  for (std::size_t i = 1; i < folders.size(); ++i) {
    if (const std::string why = foreign(folders[0], folders[i]); !why.empty()) {
      return fail(folders[i].folder.string(), fmt::format("{}, as {} is", why, folders[0].folder.string()));
    }
  }
  std::ranges::stable_sort(folders, {}, [](const ShardFolder& folder) { return folder.plan.shard; });
  for (std::size_t i = 1; i < folders.size(); ++i) {
    const unsigned shard = folders[i].plan.shard;
    if (shard != folders[i - 1].plan.shard) continue;
    return fail(folders[i].folder.string(), fmt::format("is shard {}/{}, and so is {}", shard, folders[i].plan.shards,
                                                        folders[i - 1].folder.string()));
  }
  return folders;
}

std::vector<unsigned> missing_shards(const std::vector<ShardFolder>& folders) {
  std::set<unsigned> there;
  for (const ShardFolder& folder : folders) there.insert(folder.plan.shard);
  std::vector<unsigned> missing;
  for (unsigned shard = 1; shard <= folders.front().plan.shards; ++shard) {
    if (!there.contains(shard)) missing.push_back(shard);
  }
  return missing;
}

RunInfo merged_info(const std::vector<ShardFolder>& folders) {
  RunInfo info = folders.front().plan.info;
  std::vector<std::string> hosts;
  for (const ShardFolder& folder : folders) {
    const RunInfo& run = folder.plan.info;
    info.started_at_ms = std::min(info.started_at_ms, run.started_at_ms);
    if (std::ranges::find(hosts, run.host) == hosts.end()) hosts.push_back(run.host);
  }
  if (hosts.size() > 1) {
    info.host = fmt::format("{} hosts", hosts.size());
    if (hosts.size() <= kHostsNamed) info.host += fmt::format(": {}", fmt::join(hosts, "; "));
  }
  return info;
}

}  // namespace bootrig
