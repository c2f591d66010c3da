// What bootrig says beside its results: where to look next, what it uses when nothing was named, and why a limit was
// another than the one asked for.
#include <algorithm>

#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class DailyUse : public ::testing::Test {
 protected:
  Finished run(const Words& more, const Words& environment = {}) {
    Words words{"run", "--project", small_project(), "--no-history", "--output", output()};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words, environment);
  }
  std::string output() const { return folder_.path() / "run"; }

  TestFolder folder_;
};

TEST_F(DailyUse, AFailedRunNamesThePageAndTheCommandThatExplains) {
  const Finished failed = run({"bad/fourth@virt", "--html", folder_.path() / "page.html"});
  EXPECT_EQ(failed.code, 1) << failed.err;
  const std::string triage = "bootrig triage " + output() + " explains it\n";
  EXPECT_TRUE(failed.out.ends_with(triage)) << failed.out;
  EXPECT_TRUE(run({"bad/fourth@virt", "--html", "off"}).out.ends_with("\n" + triage));
  EXPECT_EQ(run({"good/off@virt"}).out.find("explains it"), std::string::npos);
}

TEST_F(DailyUse, TheRepeatLineLeavesTheRunAsItIs) {
  const Finished failed = run({"bad/fourth@virt"});
  const std::string wanted = " --output " + (fs::path(output()) / "repeat").string();
  const std::size_t repeat = failed.out.find("  repeat ");
  ASSERT_NE(repeat, std::string::npos) << failed.out;
  const std::string line = failed.out.substr(repeat, failed.out.find('\n', repeat) - repeat);
  EXPECT_NE(line.find(wanted), std::string::npos) << line;
}

TEST_F(DailyUse, ResumingWithoutAJournalSaysThatItBeginsAnew) {
  const Finished finished = run({"good/off@virt", "--resume"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(finished.err, "bootrig: --resume: there is no journal in " + output() + ", so the run begins anew\n");
  EXPECT_EQ(run({"good/off@virt", "--resume"}).err, "");
}

TEST_F(DailyUse, OutsideAnyProjectItSaysWhichOneItUses) {
  const Finished outside = bootrig({"list", "targets"}, {}, folder_.path());
  EXPECT_EQ(outside.code, 0);
  EXPECT_TRUE(
      outside.err.starts_with("bootrig: there is no project here (scenarios/ or targets/); using bootrig's own, /"))
      << outside.err;
  EXPECT_EQ(std::count(outside.err.begin(), outside.err.end(), '\n'), 1);
  EXPECT_EQ(bootrig({"list", "targets"}).err, "") << "in a project";
  EXPECT_EQ(bootrig({"list", "targets", "--project", small_project()}, {}, folder_.path()).err, "") << "it is named";
}

TEST_F(DailyUse, AScaledTimeLimitSaysByWhatItWasScaled) {
  folder_.put("project/targets/slow.json",
              R"({ "extends": "base/qemu-virt", "summary": "slow", "timeout-multiplier": 2.5 })");
  const Finished built = bootrig({"build", "guest", "--project", small_project(), "--output", output()});
  const std::size_t begin = built.out.find('/'), end = built.out.find("  sha256");
  const Finished finished =
      bootrig({"boot", built.out.substr(begin, end - begin), "--project", folder_.path() / "project", "-t", "slow",
               "-e", "guest: four", "--timeout", "200ms"});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("the time limit of 500ms passed"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("\n  time limit: --timeout 200ms times 2.5 for this target and host"), std::string::npos)
      << finished.out;
}

TEST_F(DailyUse, APlanNamesAHostThatCannotBeReached) {
  const auto hosts = folder_.put("hosts.json", R"({ "hosts": { "gone": { "ssh": "nobody@127.0.0.1",
                                                    "ssh-config": "ssh_config", "patience": "2s" } } })");
  folder_.put("ssh_config", "Host *\n  Port 1\n  BatchMode yes\n");
  const Finished finished =
      bootrig({"plan", "--project", small_project(), "good/off@virt", "--hosts", hosts, "--host", "gone"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_NE(finished.out.find("  on host 'gone'\n  would be an error (host): host 'gone'"), std::string::npos)
      << finished.out;
}

// The identity covers what a recipe boots beside the image.
TEST_F(DailyUse, AChangedDiskIsAnotherImage) {
  const fs::path project = folder_.path() / "project";
  copy_project(small_project(), project);
  edit(project / "images/guest/recipe.json", R"("boot": {)",
       R"("boot": { "arguments": ["-drive", "if=none,id=disk,format=raw,readonly=on,file=${file:disk.img}"],)");
  const auto identity = [&](const std::string& disk) {
    folder_.put("project/images/guest/disk.img", disk);
    const Finished finished =
        bootrig({"run", "--project", project, "--no-history", "--output", output(), "good/off@virt"});
    EXPECT_EQ(finished.code, 0) << finished.out << finished.err;
    return report_of(output()).rows.at(0).sha256;
  };
  const std::string one = identity("one"), other = identity("other");
  EXPECT_NE(one, other);
  EXPECT_EQ(one, identity("one"));
  EXPECT_NE(text_of(fs::path(output()) / "report.json").find("disk.img"), std::string::npos);
}

}  // namespace
}  // namespace bootrig
