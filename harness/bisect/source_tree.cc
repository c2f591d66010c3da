#include "bisect/source_tree.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr Duration kGitLimit = std::chrono::minutes(10);  // a checkout of a large tree on a slow disk

// What git printed, trimmed. An error: its last line, which says why.
Result<std::string> git(ProcessLauncher& launcher, const fs::path& folder, std::vector<std::string> arguments) {
  LaunchSpec spec{.argv = {"env", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "git", "-c", "advice.detachedHead=false"},
                  .folder = folder};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  BOOTRIG_TRY(const CommandResult done, run_command(launcher, spec, Deadline::after(SteadyClock().now(), kGitLimit)));
  const std::string_view output = trim(done.output);
  if (done.timed_out) return fail("git " + arguments.front(), "does not end");
  if (done.status.code == 0) return std::string(output);
  const auto lines = split_lines(output);
  return fail("git " + arguments.front(), lines.empty() ? done.status.to_text() : printable(lines.back()));
}

}  // namespace

Result<SourceTree> SourceTree::open(ProcessLauncher& launcher, const fs::path& repository, const fs::path& place) {
  std::error_code error;
  if (!fs::is_directory(repository, error)) return fail(repository.string(), "there is no such folder");
  BOOTRIG_TRY(const std::string top, git(launcher, repository, {"rev-parse", "--show-toplevel"}));
  SourceTree tree(launcher, top, fs::absolute(place).lexically_normal());
  constexpr const char* kCommon[] = {"rev-parse", "--path-format=absolute", "--git-common-dir"};
  if (fs::exists(tree.place_ / ".git", error)) {
    BOOTRIG_TRY(const std::string ours, git(launcher, tree.top_, {std::begin(kCommon), std::end(kCommon)}));
    const auto theirs = git(launcher, tree.place_, {std::begin(kCommon), std::end(kCommon)});
    if (!theirs || *theirs != ours) return fail(tree.place_.string(), "is no worktree of " + top + "; remove it");
    BOOTRIG_TRY_VOID(git(launcher, tree.place_, {"bisect", "reset", "HEAD"}));
    return tree;
  }
  BOOTRIG_TRY_VOID(make_folders(tree.place_.parent_path()));
  // A worktree whose folder has been deleted.
  (void)git(launcher, tree.top_, {"worktree", "prune"});
  BOOTRIG_TRY_VOID(git(launcher, tree.top_, {"worktree", "add", "--detach", tree.place_.string(), "HEAD"}));
  return tree;
}

void SourceTree::remove() {
  (void)git(*launcher_, top_, {"worktree", "remove", "--force", place_.string()});
}

Result<Commit> SourceTree::find(const std::string& revision) const {
  constexpr const char* kMissing = "is no revision of this repository";
  const auto hash =
      git(*launcher_, top_, {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  if (!hash) return fail("'" + printable(revision) + "'", kMissing);
  BOOTRIG_TRY(const std::string text,
              git(*launcher_, top_, {"show", "--no-patch", "--date=short", "--format=%an%n%ad%n%s", *hash}));
  const auto lines = split_lines(text);
  if (lines.size() < 2) return fail("'" + printable(revision) + "'", kMissing);
  return Commit{*hash, lines.size() > 2 ? printable(lines[2]) : "", printable(lines[0]), printable(lines[1])};
}

Result<void> SourceTree::check_out(const Commit& commit) const {
  BOOTRIG_TRY_VOID(git(*launcher_, place_, {"checkout", "--quiet", "--force", "--detach", commit.hash}));
  return {};
}

Result<unsigned> SourceTree::count_between(const Commit& good, const Commit& bad) const {
  BOOTRIG_TRY(const std::string text,
              git(*launcher_, top_, {"rev-list", "--count", fmt::format("{}..{}", good.hash, bad.hash)}));
  BOOTRIG_TRY(const std::uint64_t count, parse_count(text));
  if (count == 0)
    return fail("--bad",
                fmt::format("{} has nothing that the good revision, {}, has not", bad.short_hash(), good.short_hash()));
  return static_cast<unsigned>(count);
}

Result<SourceTree::State> SourceTree::begin(const Commit& good, const Commit& bad) const {
  (void)git(*launcher_, place_, {"bisect", "reset", "HEAD"});
  BOOTRIG_TRY_VOID(check_out(bad));
  BOOTRIG_TRY_VOID(git(*launcher_, place_, {"bisect", "start", bad.hash, good.hash}));
  return state();
}

Result<SourceTree::State> SourceTree::mark(Mark mark) const {
  const char* words[] = {"good", "bad", "skip"};
  const auto done = git(*launcher_, place_, {"bisect", words[static_cast<int>(mark)]});
  BOOTRIG_TRY(State now, state());
  // Git's exit status is 2 where skipped revisions alone are left; its log names them.
  if (!done && now.first_bad.empty()) return std::unexpected(done.error());
  return now;
}

// The log ends with comments that name what was found.
Result<SourceTree::State> SourceTree::state() const {
  constexpr std::string_view kFound = "# first bad commit: [", kPossible = "# possible first bad commit: [";
  BOOTRIG_TRY(const std::string log, git(*launcher_, place_, {"bisect", "log"}));
  State state;
  for (const std::string_view line : split_lines(log)) {
    for (const std::string_view start : {kFound, kPossible}) {
      if (!line.starts_with(start)) continue;
      const std::string_view rest = line.substr(start.size());
      BOOTRIG_TRY(Commit commit, find(std::string(rest.substr(0, rest.find(']')))));
      state.first_bad.push_back(std::move(commit));
    }
  }
  if (!state.first_bad.empty()) return state;
  BOOTRIG_TRY(const std::string head, git(*launcher_, place_, {"rev-parse", "HEAD"}));
  BOOTRIG_TRY(state.next, find(head));
  return state;
}

}  // namespace bootrig
