#include "bisect/bisection.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "bisect/bisect_log.h"

namespace bootrig {
namespace {

using Mark = SourceTree::Mark;

// A revision of which so many boots fail in another way, and more than in the one that is looked for, tells nothing.
constexpr unsigned kOtherMost = 3;

class Bisection {
 public:
  Bisection(SourceTree& tree, BootLab& lab, const BisectQuestion& question, BisectLog& log,
            const std::function<void(const JudgedRevision&)>& tell)
      : tree_(tree), lab_(lab), question_(question), log_(log), tell_(tell) {}

  Result<BisectAnswer> run() {
    BOOTRIG_TRY(const unsigned between, tree_.count_between(question_.good, question_.bad));
    BOOTRIG_TRY_VOID(judge_ends());
    // Each decision gets its part of the doubt.
    const double error = (1 - question_.confidence) / std::max(1, static_cast<int>(std::bit_width(between)));
    const SequentialTest test(answer_.good.counts, answer_.bad.counts, error);
    BOOTRIG_TRY(SourceTree::State state, tree_.begin(question_.good, question_.bad));
    while (state.next) {
      BOOTRIG_TRY(JudgedRevision judged, judge(*state.next, test));
      BOOTRIG_TRY(state, tree_.mark(judged.mark));
      answer_.steps.push_back(std::move(judged));
    }
    answer_.first_bad = std::move(state.first_bad);
    answer_.failure = answer_.bad.words;
    return std::move(answer_);
  }

 private:
  // Boots both, twice as often each time, until they are told apart.
  Result<void> judge_ends() {
    const JudgedRevision *bad = log_.find(question_.bad, "bad"), *good = log_.find(question_.good, "good");
    if (bad != nullptr && good != nullptr) {
      answer_.bad = *bad, answer_.good = *good;
      answer_.bad.commit = question_.bad, answer_.good.commit = question_.good;
      tell_(answer_.bad), tell_(answer_.good);
      return {};
    }
    answer_.bad = {.commit = question_.bad, .role = "bad", .mark = Mark::kBad};
    answer_.good = {.commit = question_.good, .role = "good", .mark = Mark::kGood};
    for (unsigned boots = question_.boots; !ends_told_apart(); boots = answer_.bad.counts.boots) {
      if (answer_.bad.counts.boots >= question_.most_boots) return not_told_apart();
      BOOTRIG_TRY_VOID(boot_end(answer_.bad, boots));
      BOOTRIG_TRY_VOID(boot_end(answer_.good, boots));
      if (answer_.bad.counts.boots == 0) return not_told_apart();
    }
    for (const JudgedRevision* end : {&answer_.bad, &answer_.good}) {
      BOOTRIG_TRY_VOID(log_.append(*end));
      tell_(*end);
    }
    return {};
  }
  bool ends_told_apart() const { return told_apart(answer_.good.counts, answer_.bad.counts, question_.confidence); }

  Result<void> boot_end(JudgedRevision& end, unsigned boots) {
    BOOTRIG_TRY_VOID(tree_.check_out(end.commit));
    const std::string label = fmt::format("{}-{}", end.role, end.commit.short_hash());
    const auto whose = [&](const Error& error) {
      return fail(fmt::format("the {} revision, {}", end.role, end.commit.short_hash()), to_text(error));
    };
    if (const auto built = lab_.build(label); !built) return whose(built.error());
    const auto tally = lab_.boot(boots, label);
    if (!tally) return whose(tally.error());
    if (tally->lost == boots) return whose({"", "all its boots failed by the fault of the host"});
    answer_.boots += boots;
    if (failure_.empty()) failure_ = most_frequent(*tally);
    count(end, *tally);
    return {};
  }

  Result<void> not_told_apart() const {
    const BootCounts &good = answer_.good.counts, &bad = answer_.bad.counts;
    return fail(
        question_.cell,
        fmt::format("the revisions are not told apart: the good one failed {} of {} boots, the bad one {} of {}{}",
                    good.failed, good.boots, bad.failed, bad.boots,
                    failure_.empty() ? "" : " (" + printable(answer_.bad.words) + ")"));
  }

  static std::string most_frequent(const BootTally& tally) {
    const auto most = std::ranges::max_element(tally.failures, {}, [](const auto& one) { return one.second.count; });
    return most == tally.failures.end() ? "" : most->first;
  }

  // A failure counts when it is the one that is looked for.
  void count(JudgedRevision& judged, const BootTally& tally) const {
    judged.counts.boots += tally.passed;
    for (const auto& [signature, failure] : tally.failures) {
      if (question_.any_failure || signature == failure_) {
        judged.counts.failed += failure.count;
        judged.counts.boots += failure.count;
      } else {
        judged.other += failure.count;
      }
      if (judged.signature.empty() || signature == failure_) judged.signature = signature, judged.words = failure.words;
    }
  }

  Result<JudgedRevision> judge(const Commit& commit, const SequentialTest& test) {
    failure_ = answer_.bad.signature;
    if (const JudgedRevision* known = log_.find(commit, "step")) {
      JudgedRevision judged = *known;
      judged.commit = commit;
      tell_(judged);
      return judged;
    }
    JudgedRevision judged{.commit = commit, .role = "step"};
    const std::string label = fmt::format("{:02}-{}", answer_.steps.size() + 1, commit.short_hash());
    if (const auto built = lab_.build(label); built) {
      boot_step(judged, test, label);
    } else {
      judged.why = to_text(built.error());
    }
    BOOTRIG_TRY_VOID(log_.append(judged));
    tell_(judged);
    return judged;
  }

  void boot_step(JudgedRevision& judged, const SequentialTest& test, const std::string& label) {
    unsigned made = 0;
    while (test.decide(judged.counts) == Likeness::kOpen) {
      if (made >= test.limit()) {
        judged.why =
            fmt::format("it is like neither end: {} of {} boots failed", judged.counts.failed, judged.counts.boots);
        return;
      }
      const unsigned boots = test.more(judged.counts);
      const auto tally = lab_.boot(boots, label);
      if (!tally) {
        judged.why = to_text(tally.error());
        return;
      }
      made += boots;
      answer_.boots += boots;
      count(judged, *tally);
      if (judged.other >= kOtherMost && judged.other > judged.counts.failed) {
        judged.why = "it fails in another way: " + judged.words;
        return;
      }
    }
    judged.mark = test.decide(judged.counts) == Likeness::kBad ? Mark::kBad : Mark::kGood;
  }

  SourceTree& tree_;
  BootLab& lab_;
  const BisectQuestion& question_;
  BisectLog& log_;
  const std::function<void(const JudgedRevision&)>& tell_;
  BisectAnswer answer_;
  std::string failure_;  // the signature that is looked for
};

}  // namespace

Result<BisectAnswer> bisect(SourceTree& tree, BootLab& lab, const BisectQuestion& question,
                            const std::filesystem::path& log, bool resume,
                            const std::function<void(const JudgedRevision&)>& tell) {
  BOOTRIG_TRY(BisectLog kept, BisectLog::open(log, question, resume));
  return Bisection(tree, lab, question, kept, tell).run();
}

}  // namespace bootrig
