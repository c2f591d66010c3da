// bootrig bisect on real repositories, with real builds and boots.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kCell = "good/off@virt";

class BisectTest : public testing::Test {
 protected:
  void SetUp() override {
    copy_project(small_project(), repository());
    git("git init -q . && git config user.name Tester && git config user.email tester@localhost");
    for (unsigned i = 1; i <= kCommits; ++i) commit(i);
  }

  static constexpr unsigned kCommits = 8, kFirstBad = 6;
  // What the first bad revision puts before the guest's third line.
  virtual const char* defect() const { return "  SAY(\"guest: 2.5\");\n"; }

  fs::path repository() const { return folder_.path() / "repository"; }
  void git(const std::string& script) {
    ForkingLauncher launcher;
    const auto done = run_command(launcher, {.argv = {"sh", "-c", script}, .folder = repository()},
                                  Deadline::after(SteadyClock().now(), std::chrono::minutes(1)));
    ASSERT_EQ(done->status.code, 0) << done->output;
  }
  void commit(unsigned number) {
    const fs::path guest = repository() / "images/guest/guest.c";
    if (number == kFirstBad)
      edit(guest, "  SAY(\"guest: three\");\n", std::string(defect()) + "  SAY(\"guest: three\");\n");
    ASSERT_TRUE(write_file(guest, text_of(guest) + fmt::format("// {}\n", number)));
    git(fmt::format("git add -A && git commit -q -m 'change {}'", number));
  }
  Words words(Words more) const {
    Words words{"bisect", "--good", fmt::format("HEAD~{}", kCommits - 1), kCell};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TestFolder folder_;
};

TEST_F(BisectTest, NamesTheRevision) {
  // The project is in the repository: each revision brings its own, and bootrig builds its images.
  const Finished found = bootrig(words({}), {}, repository());
  EXPECT_EQ(found.code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("FIRST BAD\n  "));
  EXPECT_THAT(found.out, HasSubstr("  change 6\n      by Tester, 20"));
  EXPECT_THAT(found.out, HasSubstr("FAILURE\n  fail (unexpected-output)"));
  EXPECT_FALSE(fs::exists(repository() / "out/bisect/tree"));
  const auto steps = fs::directory_iterator(repository() / "out/bisect/steps");
  EXPECT_GE(std::distance(begin(steps), end(steps)), 4) << "what was seen is kept";

  // All of it is in the log now.
  const Finished again = bootrig(words({"--resume"}), {}, repository());
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("change 6  (from the log)"));
  EXPECT_THAT(again.out, HasSubstr(" 0 boots; right with a confidence of 99 %"));
  const Finished other = bootrig(words({"--resume", "--any-failure"}), {}, repository());
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("log.jsonl: is the log of another question"));
}

TEST_F(BisectTest, BuildsWithTheUsersCommand) {
  const fs::path elsewhere = folder_.path() / "elsewhere";
  ASSERT_TRUE(make_folders(elsewhere));
  // A change that does not build, before the bad one.
  const Words build =
      words({"--repository", repository().string(), "--project", "{tree}", "--", "sh", "-c",
             "echo built >> ../builds && ! grep -q '^// 5' {tree}/images/guest/guest.c || grep -q '^// 6' "
             "images/guest/guest.c || { echo 'cannot find flour'; exit 3; }"});
  const Finished found = bootrig(build, {}, elsewhere);
  EXPECT_EQ(found.code, 1) << found.err << found.out;
  EXPECT_THAT(found.out, HasSubstr("the build failed (exit status 3): cannot find flour"));
  EXPECT_THAT(found.out, HasSubstr("FIRST BAD is one of these"));
  EXPECT_THAT(found.out, HasSubstr("  change 5\n"));
  EXPECT_THAT(found.out, HasSubstr("  change 6\n"));
  EXPECT_GE(text_of(elsewhere / "out/bisect/builds").size(), 4 * sizeof("built"));
}

TEST_F(BisectTest, BadInput) {
  const auto error_of = [&](Words arguments) {
    const Finished done = bootrig(std::move(arguments), {}, repository());
    EXPECT_EQ(done.code, 2);
    return done.err;
  };
  EXPECT_EQ(error_of({"bisect", "--good", "HEAD~1", "good/*@virt"}),
            "bootrig: 'good/*@virt': is no single testcase: SCENARIO@TARGET, as in boot/hello@virt\n");
  EXPECT_EQ(error_of({"bisect", "--good", "v9", kCell}), "bootrig: 'v9': is no revision of this repository\n");
  EXPECT_THAT(error_of({"bisect", "--good", "HEAD", kCell}), HasSubstr("--bad: "));
  EXPECT_THAT(error_of({"bisect", "--good", "HEAD~1", kCell, "--repository", "/no/such"}),
              HasSubstr("/no/such: there is no such folder"));
  EXPECT_THAT(error_of(words({"--boots", "1", "--set", "nonsense=1"})), HasSubstr("the bad revision, "));
}

// Every other boot fails, by a bit of the counter.
class FlakyBisectTest : public BisectTest {
 protected:
  const char* defect() const override {
    return "  uint64_t now;\n"
           "  __asm__ volatile(\"mrs %0, cntvct_el0\" : \"=r\"(now));\n"
           "  if ((now & 4) != 0) SAY(\"guest: 2.5\");\n";
  }
};

TEST_F(FlakyBisectTest, BootsUntilItIsSure) {
  const Finished found = bootrig(words({"--boots", "32"}), {}, repository());
  EXPECT_EQ(found.code, 0) << found.err << found.out;
  EXPECT_THAT(found.out, HasSubstr("FIRST BAD\n  "));
  EXPECT_THAT(found.out, HasSubstr("  change 6\n      by Tester, 20"));
}

}  // namespace
}  // namespace bootrig
