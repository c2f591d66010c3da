// What the options of bootrig run do.
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/program_test.h"
#include "reports/html_page.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class RunOptions : public ::testing::Test {
 protected:
  Finished run(const Words& more, const std::string& project = small_project()) {
    Words words{"run", "--project", project, "--output", output_};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  Words ids(const Words& more) {
    Words words{"run", "--project", small_project(), "--dry-run"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = bootrig(words);
    EXPECT_EQ(finished.code, 0) << finished.err;
    Words lines;
    for (const std::string_view line : split_lines(finished.out)) lines.emplace_back(line);
    return lines;
  }
  Words standings() const { return report_of(output_).standings(); }

  // A project with a target whose QEMU counts its starts in $count and may then fail or be the real one.
  std::string project_with_qemu(const std::string& script) {
    const fs::path project = folder_.path() / "project";
    copy_project(small_project(), project);
    const std::string count = (folder_.path() / "count").string();
    const fs::path qemu =
        folder_.put("qemu", "#!/bin/sh\ncount=$(($(cat " + count + " 2>/dev/null) + 1))\necho $count >" + count + "\n" +
                                script + "\nexec qemu-system-aarch64 \"$@\"\n");
    EXPECT_EQ(::chmod(qemu.c_str(), 0755), 0);
    folder_.put("project/targets/counted.json",
                R"({ "extends": "base/qemu-virt", "summary": "Counts its starts", "machine": { "qemu": ")" +
                    qemu.string() + R"(" } })");
    return project;
  }

  TestFolder folder_;
  fs::path output_ = folder_.path() / "run";
};

TEST_F(RunOptions, Repeat) {
  EXPECT_EQ(run({"good/off@virt", "--repeat", "3"}).code, 0);
  EXPECT_EQ(standings(), (Words{"good/off@virt pass", "good/off@virt#2 pass", "good/off@virt#3 pass"}));
  const Words names = xpath(output_ / "junit.xml", "//testcase/@name");
  EXPECT_TRUE(std::ranges::is_permutation(names, Words{"good/off", "good/off#2", "good/off#3"}))
      << ::testing::PrintToString(names);
}

TEST_F(RunOptions, UntilFailStopsAtTheFirstFailure) {
  const std::string project = project_with_qemu("[ $count -lt 3 ] || exit 7");
  const Finished finished = run({"good/off@counted", "--until-fail"}, project);
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(standings(), (Words{"good/off@counted pass", "good/off@counted#2 pass", "good/off@counted#3 error"}));
  EXPECT_EQ(report_of(output_).missing, 0);
}

TEST_F(RunOptions, UntilFailWithRepeatEndsByItself) {
  EXPECT_EQ(run({"good/off@virt", "--until-fail", "--repeat", "2"}).code, 0);
  EXPECT_EQ(standings(), (Words{"good/off@virt pass", "good/off@virt#2 pass"}));
}

TEST_F(RunOptions, FailFastBeginsNothingAfterwards) {
  const Finished finished = run({"bad/fourth@virt", "good/off@virt", "good/idle@virt", "--fail-fast", "-j1"});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(standings(), Words{"bad/fourth@virt fail"});
  EXPECT_EQ(report_of(output_).missing, 2);
  EXPECT_NE(finished.out.find("2 of 3 planned testcases have no result"), std::string::npos) << finished.out;
}

TEST_F(RunOptions, APassAfterARetryIsFlaky) {
  const std::string project = project_with_qemu("[ $count -gt 1 ] || { echo 'no luck' >&2; exit 7; }");
  const Finished finished = run({"good/off@counted", "--retries", "2"}, project);
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(standings(), Words{"good/off@counted flaky"});
  EXPECT_EQ(report_of(output_).totals.at("flaky"), 1);
  EXPECT_NE(finished.out.find("FLAKY  good/off@counted"), std::string::npos) << finished.out;
  const Row row = report_of(output_).row("good/off@counted");
  ASSERT_EQ(row.folders.size(), 2u);
  EXPECT_TRUE(row.folders.at(1).ends_with("/attempt-2"));
  const auto failures = xpath(output_ / "junit.xml", "//testcase/*[self::flakyFailure or self::flakyError]/@message");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("the emulator ended by itself, exit status 7: no luck"), std::string::npos) << failures[0];
}

TEST_F(RunOptions, RetriesThatDoNotHelp) {
  const Finished finished = run({"bad/fourth@virt", "--retries", "1"});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(report_of(output_).row("bad/fourth@virt").folders.size(), 2u);
}

TEST_F(RunOptions, ShardsAreTheWholeTogether) {
  const Words whole = ids({});
  ASSERT_EQ(whole.size(), 10u);
  Words together;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    const Words part = ids({"--shard", shard});
    EXPECT_TRUE(part.size() == 3 || part.size() == 4) << shard;
    together.insert(together.end(), part.begin(), part.end());
  }
  EXPECT_EQ(std::multiset<std::string>(together.begin(), together.end()),
            std::multiset<std::string>(whole.begin(), whole.end()));
}

TEST_F(RunOptions, ShuffleDependsOnItsSeedAlone) {
  const Words whole = ids({}), seven = ids({"--shuffle=7"});
  EXPECT_EQ(ids({"--shuffle=7"}), seven);
  EXPECT_NE(seven, whole);
  EXPECT_NE(ids({"--shuffle=8"}), seven);
  EXPECT_TRUE(std::ranges::is_permutation(seven, whole));
  const Words drawn = ids({"--shuffle"});
  ASSERT_EQ(drawn.size(), whole.size() + 1);
  const std::string option = drawn[0].substr(drawn[0].find("--shuffle="));
  EXPECT_EQ(ids({option}), Words(drawn.begin() + 1, drawn.end())) << "the printed seed gives the same order";
}

TEST_F(RunOptions, DryRunNamesAndDoesNothing) {
  const Finished finished = run({"good/*@virt[gic=2,level=1]", "--dry-run"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(finished.out, "good/idle@virt[gic=2,level=1]\ngood/off@virt[gic=2,level=1]\n");
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(RunOptions, JUnitElsewhere) {
  const fs::path file = folder_.path() / "reports/of tonight.xml";
  EXPECT_EQ(run({"good/off@virt", "--junit", file}).code, 0);
  EXPECT_EQ(xpath(file, "//testcase").size(), 1u);
  EXPECT_FALSE(fs::exists(output_ / "junit.xml"));
}

TEST_F(RunOptions, HtmlElsewhereOrNowhere) {
  if (const auto page = html_page(); !page) GTEST_SKIP() << page.error().message;
  EXPECT_EQ(run({"good/off@virt"}).code, 0);
  EXPECT_NE(text_of(output_ / "report.html").find("\"good/off@virt\""), std::string::npos);
  fs::remove(output_ / "report.html");
  const fs::path file = folder_.path() / "reports/of tonight.html";
  EXPECT_EQ(run({"good/off@virt", "--html", file}).code, 0);
  EXPECT_NE(text_of(file).find("guest: three"), std::string::npos);
  EXPECT_EQ(run({"good/off@virt", "--html", "off"}).code, 0);
  EXPECT_FALSE(fs::exists(output_ / "report.html"));
}

TEST_F(RunOptions, TimeoutMultiplier) {
  EXPECT_EQ(run({"bad/short@virt", "--timeout-multiplier", "2.5"}).code, 1);
  const std::string detail = report_of(output_).row("bad/short@virt").detail;
  EXPECT_TRUE(detail.starts_with("the time limit of 500ms passed; ")) << detail;
}

TEST_F(RunOptions, Tag) {
  EXPECT_EQ(ids({"--tag", "ends"}), (Words{"good/off@virt[gic=2,level=1]", "good/off@virt[gic=3,level=1]",
                                           "good/off@virt[gic=2,level=2]", "good/off@virt[gic=3,level=2]"}));
  EXPECT_EQ(ids({"--tag", "ends", "--tag", "idles"}).size(), 8u);
}

TEST_F(RunOptions, AQemuThatRefusesItsArgumentsIsAnErrorOfTheMachine) {
  EXPECT_EQ(run({"good/off@selftest-bad-arguments", "good/off@selftest-no-qemu"}).code, 1);
  const Report report = report_of(output_);
  EXPECT_EQ(report.row("good/off@selftest-bad-arguments").cause, "machine-start");
  EXPECT_NE(report.row("good/off@selftest-bad-arguments").detail.find("-no-such-option: invalid option"),
            std::string::npos);
  EXPECT_EQ(report.row("good/off@selftest-no-qemu").cause, "machine-start");
}

#ifndef __aarch64__
// Whatever stands in QEMU's place: KVM cannot be here, and TCG does not take its place.
TEST_F(RunOptions, AKvmTargetIsSkippedHereAndNotStarted) {
  const fs::path project = project_with_qemu("");
  edit(project / "targets/counted.json", "base/qemu-virt", "base/qemu-kvm");
  const Finished finished = run({"good/off@counted"}, project);
  EXPECT_EQ(finished.code, 0) << finished.err;
  const Row row = report_of(output_).row("good/off@counted");
  EXPECT_EQ(row.standing, "skip");
  EXPECT_TRUE(row.detail.ends_with("; KVM runs AArch64 guests on AArch64 hosts alone")) << row.detail;
  EXPECT_FALSE(fs::exists(folder_.path() / "count"));
  EXPECT_EQ(xpath(output_ / "junit.xml", "//testcase/skipped/@message"), Words{row.detail});
}
#endif

}  // namespace
}  // namespace bootrig
