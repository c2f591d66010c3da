// Real repositories of git; the lab is a table of rates by the number in the file "version".
#include "bisect/bisection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/file.h"
#include "base/text.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using testing::HasSubstr;

struct Rates {
  double failing = 0;          // of the boots, in the way that is looked for
  double otherwise = 0;        // in another
  std::string does_not_build;  // why
};

class TableLab final : public BootLab {
 public:
  TableLab(const SourceTree& tree, std::function<Rates(unsigned version)> rates)
      : tree_(tree), rates_(std::move(rates)) {}

  Result<void> build(const std::string&) override {
    ++builds;
    const auto text = read_file(tree_.place() / "version");
    now_ = rates_(static_cast<unsigned>(parse_count(trim(*text)).value()));
    if (!now_.does_not_build.empty()) return fail("", now_.does_not_build);
    return {};
  }
  Result<BootTally> boot(unsigned boots, const std::string&) override {
    BootTally tally;
    for (unsigned i = 0; i < boots; ++i) {
      const double chance = std::uniform_real_distribution<double>()(random_);
      if (chance < now_.failing) {
        tally.failures["panic"].count += 1;
        tally.failures["panic"].words = "failure-signature: panic";
      } else if (chance < now_.failing + now_.otherwise) {
        tally.failures["hang"].count += 1;
        tally.failures["hang"].words = "inactivity";
      } else {
        ++tally.passed;
      }
    }
    return tally;
  }

  unsigned builds = 0;

 private:
  const SourceTree& tree_;
  std::function<Rates(unsigned)> rates_;
  Rates now_;
  std::mt19937 random_{3};
};

class BisectionTest : public testing::Test {
 protected:
  static constexpr unsigned kCommits = 20;

  void SetUp() override {
    std::string script =
        "git init -q repo && cd repo && git config user.name Tester && git config user.email t@localhost";
    for (unsigned i = 1; i <= kCommits; ++i) {
      script += fmt::format(" && echo {0} > version && git add version && git commit -q -m 'version {0}'", i);
    }
    const auto done = run_command(launcher_, {.argv = {"sh", "-c", script}, .folder = folder_.path()},
                                  Deadline::after(SteadyClock().now(), std::chrono::minutes(1)));
    ASSERT_EQ(done->status.code, 0) << done->output;
    auto tree = SourceTree::open(launcher_, folder_.path() / "repo", folder_.path() / "out/tree");
    ASSERT_TRUE(tree) << to_text(tree.error());
    tree_.emplace(*std::move(tree));
    question_.cell = "boot/hello@virt";
    question_.good = tree_->find(fmt::format("HEAD~{}", kCommits - 1)).value();
    question_.bad = tree_->find("HEAD").value();
  }

  Result<BisectAnswer> ask(TableLab& lab, bool resume = false) {
    return bisect(*tree_, lab, question_, folder_.path() / "out/log.jsonl", resume,
                  [this](const JudgedRevision& judged) { told_.push_back(judged); });
  }
  Result<BisectAnswer> ask(std::function<Rates(unsigned)> rates) {
    TableLab lab(*tree_, std::move(rates));
    return ask(lab);
  }

  TestFolder folder_;
  ForkingLauncher launcher_;
  std::optional<SourceTree> tree_;
  BisectQuestion question_;
  std::vector<JudgedRevision> told_;
};

TEST_F(BisectionTest, FindsTheFirstBadRevision) {
  for (const unsigned first : {2u, 11u, 20u}) {
    const auto answer = ask([first](unsigned version) { return Rates{version >= first ? 1.0 : 0.0, 0, ""}; });
    ASSERT_TRUE(answer) << to_text(answer.error());
    ASSERT_EQ(answer->first_bad.size(), 1u);
    EXPECT_EQ(answer->first_bad[0].subject, fmt::format("version {}", first));
    EXPECT_EQ(answer->first_bad[0].author, "Tester");
    EXPECT_LE(answer->steps.size(), 5u);
    EXPECT_EQ(answer->failure, "failure-signature: panic");
  }
}

TEST_F(BisectionTest, FindsWhatFailsNowAndThen) {
  const auto answer = ask([](unsigned version) { return Rates{version >= 14 ? 0.3 : 0.02, 0, ""}; });
  ASSERT_TRUE(answer) << to_text(answer.error());
  ASSERT_EQ(answer->first_bad.size(), 1u);
  EXPECT_EQ(answer->first_bad[0].subject, "version 14");
  EXPECT_GT(answer->bad.counts.boots, 8u) << "eight boots do not tell such ends apart";
}

TEST_F(BisectionTest, AnotherFailureTellsNothing) {
  const auto answer = ask([](unsigned version) {
    return version >= 8 && version <= 12 ? Rates{0, 1, ""} : Rates{version >= 8 ? 1.0 : 0.0, 0, ""};
  });
  ASSERT_TRUE(answer) << to_text(answer.error());
  std::vector<std::string> suspects;
  for (const Commit& commit : answer->first_bad) suspects.push_back(commit.subject);
  EXPECT_THAT(suspects, testing::UnorderedElementsAre("version 8", "version 9", "version 10", "version 11",
                                                      "version 12", "version 13"));
  EXPECT_THAT(answer->steps[0].why, HasSubstr("it fails in another way: inactivity"));
  question_.any_failure = true;
  const auto any = ask([](unsigned version) {
    return version >= 8 && version <= 12 ? Rates{0, 1, ""} : Rates{version >= 8 ? 1.0 : 0.0, 0, ""};
  });
  ASSERT_EQ(any->first_bad.size(), 1u);
  EXPECT_EQ(any->first_bad[0].subject, "version 8");
}

TEST_F(BisectionTest, WhatDoesNotBuildIsSkipped) {
  const auto answer = ask([](unsigned version) {
    return Rates{version >= 6 ? 1.0 : 0.0, 0, version % 3 == 0 && version != 6 ? "no rule to make 'x'" : ""};
  });
  ASSERT_TRUE(answer) << to_text(answer.error());
  ASSERT_EQ(answer->first_bad.size(), 1u);
  EXPECT_EQ(answer->first_bad[0].subject, "version 6");
}

TEST_F(BisectionTest, EndsThatAreAlikeAreRefused) {
  const auto both = ask([](unsigned) { return Rates{0.5, 0, ""}; });
  ASSERT_FALSE(both);
  EXPECT_THAT(to_text(both.error()),
              HasSubstr("boot/hello@virt: the revisions are not told apart: the good one failed"));
  const auto neither = ask([](unsigned) { return Rates{}; });
  ASSERT_FALSE(neither);
  EXPECT_THAT(to_text(neither.error()), HasSubstr("the good one failed 0 of 256 boots, the bad one 0 of 256"));
  const auto broken = ask([](unsigned version) { return Rates{1, 0, version == 1 ? "no gcc" : ""}; });
  EXPECT_THAT(to_text(broken.error()), HasSubstr("the good revision, "));
  EXPECT_THAT(to_text(broken.error()), HasSubstr(": no gcc"));
}

TEST_F(BisectionTest, GoesOnWithItsLog) {
  const auto rates = [](unsigned version) { return Rates{version >= 14 ? 1.0 : 0.0, 0, ""}; };
  TableLab first(*tree_, rates);
  const auto answer = ask(first);
  ASSERT_TRUE(answer);
  // Killed in the middle of the third line from the end.
  const auto path = folder_.path() / "out/log.jsonl";
  std::string text = *read_file(path);
  for (int i = 0; i < 3; ++i) text.resize(text.rfind('\n'));
  ASSERT_TRUE(write_file(path, text.substr(0, text.size() - 5)));
  TableLab second(*tree_, rates);
  const auto again = ask(second, /*resume=*/true);
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(again->first_bad[0].hash, answer->first_bad[0].hash);
  EXPECT_EQ(second.builds, 3u);
  EXPECT_TRUE(again->steps.front().remembered);

  question_.conditions = "another build command";
  const auto other = ask(second, /*resume=*/true);
  EXPECT_THAT(to_text(other.error()), HasSubstr("is the log of another question"));
  ASSERT_TRUE(write_file(path, "{\"bisection\":1}\n"));
  EXPECT_THAT(to_text(ask(second, true).error()), HasSubstr("log.jsonl:1: the line: a string 'question' is missing"));
  ASSERT_TRUE(write_file(path, "x\n"));
  EXPECT_THAT(to_text(ask(second, true).error()), HasSubstr("log.jsonl:1:1:1"));
}

TEST_F(BisectionTest, TheUsersCheckoutIsNotTouched) {
  ASSERT_TRUE(write_file(tree_->top() / "version", "mine"));
  ASSERT_TRUE(ask([](unsigned version) { return Rates{version >= 5 ? 1.0 : 0.0, 0, ""}; }));
  EXPECT_EQ(*read_file(tree_->top() / "version"), "mine");
  tree_->remove();
  EXPECT_FALSE(std::filesystem::exists(tree_->place()));
  const auto again = SourceTree::open(launcher_, tree_->top(), tree_->place());
  EXPECT_TRUE(again) << to_text(again.error());
}

TEST_F(BisectionTest, WhatIsNoRevisionIsRefused) {
  EXPECT_EQ(to_text(tree_->find("no-such").error()), "'no-such': is no revision of this repository");
  EXPECT_EQ(to_text(tree_->find("--help").error()), "'--help': is no revision of this repository");
  EXPECT_EQ(to_text(tree_->find("HEAD:version").error()), "'HEAD:version': is no revision of this repository");
  const auto none = SourceTree::open(launcher_, "/", folder_.path() / "other");
  EXPECT_THAT(to_text(none.error()), HasSubstr("git rev-parse: fatal: not a git repository"));
  std::swap(question_.good, question_.bad);
  EXPECT_THAT(to_text(ask([](unsigned) { return Rates{}; }).error()), HasSubstr("has nothing that the good revision"));
}

}  // namespace
}  // namespace bootrig
