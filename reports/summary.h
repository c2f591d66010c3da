// Summary: what a run says at its end on a terminal or in a CI log. It collects results and renders
// text; it prints nothing and knows no time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history/comparison.h"
#include "reports/rates.h"
#include "reports/signature_groups.h"
#include "reports/story.h"
#include "reports/style.h"
#include "reports/target_table.h"
#include "run/result.h"

namespace bootrig {

// "FAIL", "XFAIL", ... in its colour.
std::string standing_word(Standing standing, const Style& style);
// "FAIL   boot/hello@virt[gic=3]  1.23 s  unexpected-output: ...": one finished testcase.
std::string result_line(const RunResult& result, const Style& style);
// "112 passed, 3 failed, 1 error, 4 skipped"; empty: there are none.
std::string totals_words(const RunTotals& totals);
// "112 passed, 3 failed, 1 error, 4 skipped in 41 s".
std::string totals_line(const RunTotals& totals, std::size_t planned, std::size_t missing, Duration elapsed);

class Summary {
 public:
  // Keeps counts and, of what gates, at most 200 different stories.
  void add(const RunResult& result);

  // Each different failure with its story and all who have it; the causes that triage named, each with its testcases;
  // flaky, quarantined and skipped testcases; rates of what was repeated; other hosts that had a part in it;
  // the table of targets. Without the totals' line. `past`: the run against
  // what was known before; then each failure says whether it is new, and what is fixed is told too.
  std::string text(const Style& style, const Comparison* past = nullptr) const;

 private:
  // Failures that are the same for a reader (sameness()).
  struct Trouble {
    Standing standing = Standing::kFailed;
    std::string id, headline;
    std::vector<StoryLine> story;
    std::size_t others = 0;              // how many more there are
    std::vector<std::string> other_ids;  // of them, the first
    bool explained = false;              // those who have it are told with its cause
  };
  // Testcases that share one reason.
  struct Group {
    std::size_t count = 0;
    std::vector<std::string> first;  // a few ids
  };

  void add_trouble(const RunResult& result);
  // By cell.
  using Past = std::unordered_map<std::string_view, const ChangeGroup*>;

  void render_troubles(const Style& style, const Past& past, std::string& text) const;
  static void render_trouble(const Trouble& trouble, const Style& style, const Past& past, std::string& text);
  static void render_groups(std::string_view title, const std::map<std::string, Group>& groups, const Style& style,
                            std::string& text);

  std::vector<Trouble> troubles_;  // in the order of finishing
  std::unordered_map<std::string, std::size_t> trouble_of_;
  SignatureGroups causes_;                        // of what gates and has a named cause
  std::size_t untold_ = 0;                        // gating results past the limit
  std::size_t findings_ = 0, with_findings_ = 0;  // of preflight; testcases that have some
  RateTable rates_;
  std::map<std::string, Group> skipped_, quarantined_, flaky_;
  // Machines of other hosts, by those.
  struct HostCount {
    std::size_t testcases = 0;
    double time_scale = 1.0;
  };
  std::map<std::string, HostCount> hosts_;
  std::map<std::string, TargetRow> rows_;    // by target
  std::map<std::string, TargetRow> groups_;  // by profile, level and GIC
};

}  // namespace bootrig
