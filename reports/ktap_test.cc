#include "reports/ktap.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/file.h"
#include "base/text.h"
#include "reports/samples_test.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

std::string ktap_of(const std::vector<RunResult>& results, std::size_t missing = 0) {
  const TestFolder folder;
  KtapReporter reporter({folder.path() / "results.ktap"});
  const auto reported = report(reporter, results, missing);
  EXPECT_TRUE(reported) << to_text(reported.error());
  return read_file(folder.path() / "results.ktap").value();
}

// One level, and those below it: the plan holds, numbers count from 1, every line is of a kind that KTAP knows, and a
// test with subtests comes behind them.
class Level {
 public:
  Level(std::vector<std::string_view>& lines, std::size_t depth)
      : lines_(lines), indent_(2 * depth, ' '), depth_(depth) {}

  // The result lines, without their numbers.
  std::vector<std::string> read() {
    EXPECT_EQ(take(), "KTAP version 1");
    std::size_t planned = 0, seen = 0;
    bool has_plan = false;
    while (!lines_.empty() && lines_.front().starts_with(indent_)) {
      if (lines_.front() == indent_ + "  KTAP version 1") {
        const auto below = Level(lines_, depth_ + 1).read();
        results_.insert(results_.end(), below.begin(), below.end());
        continue;
      }
      const std::string line = take();
      std::smatch match;
      if (std::regex_match(line, match, std::regex("1\\.\\.([0-9]+)"))) {
        EXPECT_FALSE(has_plan);
        has_plan = true;
        planned = std::stoul(match[1]);
      } else if (std::regex_match(line, match,
                                  std::regex("(ok|not ok) ([0-9]+) ([^#]*)( # (SKIP|TODO|XFAIL|TIMEOUT|ERROR) .*)?"))) {
        EXPECT_EQ(std::stoul(match[2]), ++seen) << line;
        const std::string word = match[5].matched ? " # " + match[5].str() : "";
        results_.push_back(match[1].str() + " " + match[3].str() + word);
      } else {
        EXPECT_TRUE(line.starts_with("# ")) << line;
      }
    }
    EXPECT_TRUE(has_plan);
    EXPECT_EQ(seen, planned);
    return results_;
  }

 private:
  std::string take() {
    if (lines_.empty() || !lines_.front().starts_with(indent_)) return "";
    const std::string line(lines_.front().substr(indent_.size()));
    lines_.erase(lines_.begin());
    return line;
  }
  std::vector<std::string_view>& lines_;
  std::string indent_;
  std::size_t depth_;
  std::vector<std::string> results_;
};

std::vector<std::string> read_ktap(const std::string& text) {
  auto lines = split_lines(text);
  auto results = Level(lines, 0).read();
  EXPECT_TRUE(lines.empty()) << lines.front();
  return results;
}

TEST(Ktap, IsAsApproved) {
  const std::string text = ktap_of(sample_results(), 1);
  expect_approved("results.ktap", text);
  EXPECT_EQ(read_ktap(text).size(), sample_results().size() + 1 + 4);
}

TEST(Ktap, TellsEachStanding) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(
      read_ktap(ktap_of({passed_sample("a/b", "2"), expected_failure_sample(), quarantined_sample(), silent_sample(),
                         build_error_sample("boot/user", "2"), retried_sample(), wrong_failure_sample()})),
      (Lines{"ok a/b", "ok fault/unmapped # XFAIL", "not ok boot/smp # TODO", "not ok boot/silent # TIMEOUT",
             "not ok boot/user # ERROR", "not ok boot/retry.2", "not ok fault/other", "not ok virt[gic=2]"}));
  EXPECT_EQ(read_ktap(ktap_of({flaky_sample(), skipped_sample("boot/hello", "no KVM")})),
            (Lines{"ok boot/hello # SKIP", "ok kvm[gic=3]", "ok boot/race", "ok virt[gic=3]"}));
}

TEST(Ktap, AShortRunIsNoGoodOne) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(read_ktap(ktap_of({passed_sample("a/b", "2")}, 1)),
            (Lines{"ok a/b", "ok virt[gic=2]", "not ok run # ERROR", "not ok bootrig"}));
  EXPECT_EQ(read_ktap(ktap_of({})), (Lines{"not ok run # ERROR", "not ok bootrig"}));
}

TEST(Ktap, AGuestWritesNoResults) {
  for (const std::string bytes : {"\nok 2 x\n", "\r\n  not ok 1 y # SKIP", "# SKIP", "\x1b[2J\n1..9\n"}) {
    RunResult result = exception_sample();
    result.verdict.detail = "at line 7: '" + bytes + "'";
    result.attempts[0].outcome.hit->line.text = bytes;
    EXPECT_EQ(read_ktap(ktap_of({result})), (std::vector<std::string>{"not ok boot/abort", "not ok virt[gic=3]"}))
        << printable(bytes);
  }
}

}  // namespace
}  // namespace bootrig
