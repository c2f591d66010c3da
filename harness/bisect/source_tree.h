// SourceTree: a linked worktree of the user's git repository, in which revisions are checked out and built; the user's own
// checkout is not touched. `git bisect` in it says which revision comes next; of merges and skips it knows more than we do.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "process/launcher.h"

namespace bootrig {

struct Commit {
  std::string hash;     // all 40 letters
  std::string subject;  // the first line of its message
  std::string author, date;
  std::string short_hash() const { return hash.substr(0, 12); }
};

class SourceTree {
 public:
  // Makes the worktree in `place`, or takes the one of this repository that an earlier bisection left there. Errors are
  // git's own words.
  static Result<SourceTree> open(ProcessLauncher& launcher, const std::filesystem::path& repository,
                                 const std::filesystem::path& place);
  // Takes the worktree away.
  void remove();

  const std::filesystem::path& place() const { return place_; }
  // The top of the user's own checkout.
  const std::filesystem::path& top() const { return top_; }

  // "HEAD~3", a tag: as the user's own checkout understands it.
  Result<Commit> find(const std::string& revision) const;
  Result<void> check_out(const Commit& commit) const;

  // How many revisions are in question.
  Result<unsigned> count_between(const Commit& good, const Commit& bad) const;

  // Where a bisection stands: the revision to look at next, which is checked out; or the first bad one, or those among
  // which it is, where some could not be judged.
  struct State {
    std::optional<Commit> next;
    std::vector<Commit> first_bad;
  };
  Result<State> begin(const Commit& good, const Commit& bad) const;
  enum class Mark { kGood, kBad, kSkip };
  Result<State> mark(Mark mark) const;

 private:
  SourceTree(ProcessLauncher& launcher, std::filesystem::path top, std::filesystem::path place)
      : launcher_(&launcher), top_(std::move(top)), place_(std::move(place)) {}
  Result<State> state() const;

  ProcessLauncher* launcher_;
  std::filesystem::path top_, place_;
};

}  // namespace bootrig
