// A bisection: which revision of a source tree made a testcase fail, when the failure may come only now and then. Each
// revision is booted until its rate is told from that of the other end. Knows neither how a tree is built nor how a
// machine is booted: that is the lab's work.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bisect/judge.h"
#include "bisect/source_tree.h"

namespace bootrig {

// What some boots of one revision said.
struct BootTally {
  struct Failure {
    unsigned count = 0;
    std::string words;  // of the first one: "unexpected-output: ...", the root cause
  };
  unsigned passed = 0;
  std::map<std::string, Failure> failures;  // by signature
  unsigned lost = 0;                        // that failed by the host's fault, and tell nothing
};

class BootLab {
 public:
  virtual ~BootLab() = default;
  // Builds what is checked out. An error: this revision cannot be judged, and why.
  virtual Result<void> build(const std::string& label) = 0;
  // Boots it so many times.
  virtual Result<BootTally> boot(unsigned boots, const std::string& label) = 0;
};

struct BisectQuestion {
  std::string cell;  // "boot/hello@virt"
  Commit good, bad;
  double confidence = 0.99;   // that the answer is right
  unsigned boots = 8;         // of each end, at first
  unsigned most_boots = 256;  // of each end: then they are taken for equal
  bool any_failure = false;   // false: the one that the bad revision shows most often
  std::string conditions;     // all else that the answer depends on; a log of others is not gone on with
};

struct JudgedRevision {
  Commit commit;
  std::string role;    // "good", "bad": an end; "step"
  BootCounts counts;   // the failure that is looked for, of those boots and the ones that passed
  unsigned other = 0;  // boots that failed in another way
  SourceTree::Mark mark = SourceTree::Mark::kSkip;
  std::string why;          // it could not be judged; empty otherwise
  std::string signature;    // of the failure; of the bad end: the one that is looked for
  std::string words;        // of the failure
  bool remembered = false;  // out of the log
};

struct BisectAnswer {
  std::vector<Commit> first_bad;  // one; several: among them, because the others of them could not be judged
  JudgedRevision good, bad;       // the ends
  std::vector<JudgedRevision> steps;
  std::string failure;  // the words of the one that was looked for
  unsigned boots = 0;   // that were made now
};

// `log` keeps what was judged, a line of JSON each; with `resume` its lines are not judged again. `tell` hears of each
// revision. Errors: the ends are not told apart or cannot be judged; git refuses; the log is another question's.
Result<BisectAnswer> bisect(SourceTree& tree, BootLab& lab, const BisectQuestion& question,
                            const std::filesystem::path& log, bool resume,
                            const std::function<void(const JudgedRevision&)>& tell);

}  // namespace bootrig
