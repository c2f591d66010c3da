#include "run/shard_collection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournal = "journal.jsonl";

// Regular files alone, at their places; linked where that can be. A folder that is not there has none.
Result<void> link_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  BOOTRIG_TRY_VOID(make_folders(to));
  for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path target = to / entry->path().filename();
    std::error_code none, failed;
    const fs::file_status status = entry->symlink_status(none);
    if (fs::is_directory(status)) {
      BOOTRIG_TRY_VOID(link_files(entry->path(), target));
    } else if (fs::is_regular_file(status)) {
      fs::remove(target, none);
      fs::create_hard_link(entry->path(), target, failed);
      if (failed) fs::copy_file(entry->path(), target, fs::copy_options::overwrite_existing, failed);
      if (failed) return fail(target.string(), fmt::format("cannot be written: {}", failed.message()));
    }
  }
  return {};
}

// A result's files are in its testcase's own folder.
bool has_own_folders(const RunResult& result, const fs::path& cell) {
  const auto is_own = [&](const Attempt& attempt) {
    return attempt.folder.empty() || attempt.folder.parent_path() == cell;
  };
  return std::ranges::all_of(result.attempts, is_own) && (!result.recheck || is_own(*result.recheck));
}

}  // namespace

ShardCollection::ShardCollection(fs::path output, PlanRecord plan)
    : output_(std::move(output)), plan_(std::move(plan)), done_(plan_.testcases.size(), false), open_(plan_.shards, 0) {
  for (std::size_t i = 0; i < plan_.testcases.size(); ++i) {
    index_.emplace(plan_.testcases[i].id, i);
    ++open_[plan_.shard_of[i] - 1];
  }
}

Result<ShardCollection> ShardCollection::create(const fs::path& output, PlanRecord plan) {
  ShardCollection collection(output, std::move(plan));
  BOOTRIG_TRY_VOID(make_folders(output));
  std::error_code ignored;
  fs::remove_all(output / "cells", ignored);
  PlanRecord whole = collection.plan_;
  whole.shard = whole.shards = 1;
  std::ranges::fill(whole.shard_of, 1);
  BOOTRIG_TRY_VOID(write_plan_record(output, whole));
  BOOTRIG_TRY(collection.journal_, Journal::create(output / kJournal, plan_fingerprint(whole, 0)));
  return collection;
}

Result<std::vector<RunResult>> ShardCollection::take(unsigned shard, const fs::path& folder) {
  const fs::path file = folder / kJournal;
  JournalFollower& journal = followers_.try_emplace(folder, file).first->second;
  BOOTRIG_TRY(std::vector<RunResult> came, journal.more());
  BOOTRIG_TRY_VOID(check(journal, shard, file));
  std::vector<RunResult> taken;
  for (RunResult& result : came) {
    const auto found = index_.find(result.id);
    if (found == index_.end() || plan_.shard_of[found->second] != shard) {
      return fail(file.string(), fmt::format("has a result of '{}', which is not in shard {}/{}", printable(result.id),
                                             shard, plan_.shards));
    }
    if (done_[found->second]) {
      twice_.push_back(fmt::format("{}: '{}' has two results; the first counts", file.string(), printable(result.id)));
      continue;
    }
    BOOTRIG_TRY_VOID(keep(result, folder));
    done_[found->second] = true;
    --open_[shard - 1];
    taken.push_back(std::move(result));
  }
  return taken;
}

Result<void> ShardCollection::check(const JournalFollower& journal, unsigned shard, const fs::path& file) const {
  if (journal.fingerprint().empty() || journal.fingerprint() == plan_fingerprint(plan_, shard)) return {};
  return fail(file.string(),
              fmt::format("is of other testcases than shard {}/{} of the plan has", shard, plan_.shards));
}

Result<void> ShardCollection::keep(const RunResult& result, const fs::path& folder) {
  const fs::path cell = cell_folder(result.scenario, result.id);
  const RunResult& planned = plan_.testcases[index_.at(result.id)];
  if (result.scenario != planned.scenario || !has_own_folders(result, cell)) {
    return fail((folder / kJournal).string(),
                fmt::format("'{}' has its files in another's folder", printable(result.id)));
  }
  BOOTRIG_TRY_VOID(link_files(folder / cell, output_ / cell));
  return journal_.append({&result});
}

std::vector<const RunResult*> ShardCollection::open_of(unsigned shard) const {
  std::vector<const RunResult*> open;
  for (std::size_t i = 0; i < done_.size(); ++i) {
    if (!done_[i] && plan_.shard_of[i] == shard) open.push_back(&plan_.testcases[i]);
  }
  return open;
}

RunResult ShardCollection::lost(const RunResult& planned, const std::string& why) {
  RunResult result = planned;
  result.duration = Duration{0};
  result.verdict = {VerdictKind::kError, Cause::kHost, why};
  // Neither a quarantine nor an expected failure speaks of a result that nobody has seen.
  result.standing = Standing::kErrored;
  Attempt attempt;
  attempt.verdict = result.verdict;
  attempt.outcome.not_started = result.verdict;
  result.attempts = {std::move(attempt)};
  return result;
}

std::vector<std::string> ShardCollection::remarks() const {
  std::vector<std::string> remarks = twice_;
  for (const auto& [folder, journal] : followers_) {
    if (journal.cut_bytes() == 0) continue;
    remarks.push_back(fmt::format("{}: the last line is cut off ({} bytes); what it told is lost",
                                  (folder / kJournal).string(), journal.cut_bytes()));
  }
  return remarks;
}

}  // namespace bootrig
