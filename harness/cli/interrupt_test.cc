// Nothing survives us: however a run ends, its machines end with it, and what was finished is kept.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <set>

#include "base/text.h"
#include "cli/program_test.h"
#include "cli/ssh_server_test.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::size_t journal_lines(const fs::path& run) {
  const auto journal = read_file(run / "journal.jsonl");
  return journal ? static_cast<std::size_t>(std::count(journal->begin(), journal->end(), '\n')) : 0;
}

// Each id of the report and of JUnit once, and as many as were planned.
void expect_every_result_once(const fs::path& run, std::size_t planned) {
  const Report report = report_of(run);
  std::set<std::string> ids;
  for (const Row& row : report.rows) EXPECT_TRUE(ids.insert(row.id).second) << row.id << " stands there twice";
  EXPECT_EQ(ids.size(), planned);
  EXPECT_EQ(report.missing, 0);
  std::set<std::string> names;
  const auto suites = xpath(run / "junit.xml", "//testcase/@classname");
  const auto cases = xpath(run / "junit.xml", "//testcase/@name");
  ASSERT_EQ(suites.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_TRUE(names.insert(cases[i] + "@" + suites[i]).second) << cases[i] << " stands in JUnit twice";
  }
  EXPECT_EQ(names.size(), planned);
}

// 2 s is the promise, kill -9 included.
void expect_nothing_left(const fs::path& folder) {
  EXPECT_TRUE(eventually(2s, [&] { return processes_naming(folder, 0).empty(); }))
      << ::testing::PrintToString(processes_naming(folder, 0));
}

class Interrupted : public ::testing::TestWithParam<int> {};

TEST_P(Interrupted, ARunSaysWhatIsMissingAndGoesOnLater) {
  const TestFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string project = folder.path() / "project";
  copy_project(small_project(), project);
  const Words arguments{"run",           "--project",     project,    "--output", run,
                        "good/off@virt", "bad/hang@virt", "--repeat", "30",       "-j2"};
  Invocation first(arguments);
  // One of the two machines hangs for as long as it may; the other goes on.
  ASSERT_TRUE(eventually(60s, [&] { return journal_lines(run) >= 3; })) << first.out();
  first.signal(GetParam());
  const Finished interrupted = first.wait(30s);
  EXPECT_EQ(interrupted.code, 2) << interrupted.err;
  expect_nothing_left(folder.path());

  const Report report = report_of(run);
  EXPECT_EQ(report.planned, 60);
  EXPECT_EQ(static_cast<std::size_t>(report.missing) + report.rows.size(), 60u);
  EXPECT_EQ(report.rows.size() + 1, journal_lines(run));
  EXPECT_EQ(interrupted.err, "bootrig: interrupted: " + std::to_string(report.missing) +
                                 " testcases have no result; --resume goes on\n");
  EXPECT_NE(interrupted.out.find(std::to_string(report.missing) + " of 60 planned testcases have no result"),
            std::string::npos)
      << interrupted.out;
  EXPECT_EQ(xpath(run / "junit.xml", "//testsuite[@name='bootrig']//error").size(), 1u);

  // The image hangs no longer: its recipe is no part of what makes a run the same.
  edit(fs::path(project) / "scenarios/bad/hang/scenario.json", "\"guest-hang\"", "\"guest\"");
  Words more = arguments;
  more.push_back("--resume");
  const Finished resumed = bootrig(more);
  EXPECT_EQ(resumed.code, 0) << resumed.out << resumed.err;
  expect_every_result_once(run, 60);
}

INSTANTIATE_TEST_SUITE_P(By, Interrupted, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "SIGINT" : "SIGTERM"; });

TEST(Interrupted, WhileImagesAreBuilt) {
  const TestFolder folder;
  const fs::path project = folder.path() / "project", run = folder.path() / "run";
  copy_project(small_project(), project);
  // A compiler that takes its time.
  const fs::path tool = folder.put("tools/slow-gcc", "#!/bin/sh\nsleep 100\n");
  ASSERT_EQ(::chmod(tool.c_str(), 0755), 0);
  edit(project / "images/guest/recipe.json", "\"aarch64-linux-gnu-\"",
       "\"" + (folder.path() / "tools/slow-").string() + "\"");
  Invocation invocation({"run", "--project", project, "--output", run, "good/off@virt"});
  ASSERT_TRUE(eventually(60s, [&] { return processes_naming(tool, invocation.pid()).size() > 0; }));
  invocation.signal(SIGINT);
  const Finished interrupted = invocation.wait(30s);
  EXPECT_EQ(interrupted.code, 2) << interrupted.out;
  EXPECT_EQ(interrupted.err, "bootrig: interrupted: 1 testcase has no result; --resume goes on\n");
  expect_nothing_left(tool);
}

TEST(Interrupted, AMachineThatIsDeafToSigterm) {
  const TestFolder folder;
  const fs::path project = folder.path() / "project", run = folder.path() / "run";
  copy_project(small_project(), project);
  const fs::path qemu = folder.put("deaf", "#!/bin/sh\ntrap '' TERM INT HUP\nsh -c 'while :; do sleep 0.2; done' " +
                                               (folder.path() / "child").string() + "\n");
  ASSERT_EQ(::chmod(qemu.c_str(), 0755), 0);
  folder.put(
      "project/targets/deaf.json",
      R"({ "extends": "base/qemu-virt", "summary": "Deaf", "machine": { "qemu": ")" + qemu.string() + R"(" } })");
  Invocation invocation({"run", "--project", project, "--output", run, "bad/hang@deaf"});
  ASSERT_TRUE(eventually(60s, [&] { return processes_naming(folder.path() / "child", 0).size() == 1; }))
      << invocation.out();
  invocation.signal(SIGTERM);
  EXPECT_EQ(invocation.wait(30s).code, 2);
  // Its child too: it never left the machine's process group.
  expect_nothing_left(folder.path());
}

// A batch system ends a task by a signal to each of its processes, in any order: what QEMU says of its own is no result.
TEST(Interrupt, ThatReachesTheMachineFirstIsNoResult) {
  const TestFolder folder;
  const fs::path run = folder.path() / "run";
  Invocation invocation({"run", "bad/hang@virt", "--project", small_project(), "--output", run});
  const auto machine = [&]() -> pid_t {
    for (const Seen& seen : all_processes()) {
      if (seen.command.starts_with("qemu-system") && seen.command.find(run.string()) != std::string::npos)
        return seen.pid;
    }
    return 0;
  };
  ASSERT_TRUE(eventually(60s, [&] { return machine() != 0; })) << invocation.out();
  ::kill(machine(), SIGTERM);
  eventually(50ms, [] { return false; });
  invocation.signal(SIGTERM);
  EXPECT_EQ(invocation.wait(30s).code, 2);
  EXPECT_EQ(journal_lines(run), 1u) << "a result was kept";
}

// Moments are counted from the start (then the images are checked and the folder is opened), and every second time from
// a result that has just been kept, so that a slow host comes that far too. The seed is fixed; the trace tells the moment.
TEST(Killed, AtThirtyMomentsAndResumed) {
  constexpr std::size_t kPlanned = 120;
  std::mt19937 random(20261122);
  std::uniform_int_distribution<int> from_start(1, 400), from_result(0, 60), results(1, 3);
  const TestFolder folder;
  const fs::path run = folder.path() / "run";
  const Words arguments{"run",           "--project", small_project(),
                        "--output",      run,         "good/idle@virt",
                        "good/off@virt", "--repeat",  std::to_string(kPlanned / 2),
                        "-j2",           "--resume"};
  std::size_t before = 0;
  for (int kill = 1; kill <= 30; ++kill) {
    const std::size_t more = kill % 2 == 0 ? results(random) : 0;
    const auto after = std::chrono::milliseconds(more > 0 ? from_result(random) : from_start(random));
    SCOPED_TRACE(std::to_string(kill) + ": " + std::to_string(more) + " results and " + format_duration(after));
    {
      Invocation invocation(arguments);
      const std::size_t wanted = std::min(std::max<std::size_t>(before, 1) + more, kPlanned + 1);
      EXPECT_TRUE(eventually(30s, [&] { return more == 0 || journal_lines(run) >= wanted; }));
      eventually(after, [] { return false; });
      invocation.signal(SIGKILL);
      const Finished killed = invocation.wait(10s);
      expect_nothing_left(folder.path());
      EXPECT_TRUE(killed.signal == SIGKILL || killed.code == 0) << killed.err;
    }
    const std::size_t now = journal_lines(run);
    EXPECT_GE(now, before) << "results that were finished are lost";
    before = now;
  }
  EXPECT_GT(before, 15u) << "a result was kept before every second kill";
  const Finished finished = bootrig(arguments);
  EXPECT_EQ(finished.code, 0) << finished.out << finished.err;
  expect_every_result_once(run, kPlanned);
}

}  // namespace
}  // namespace bootrig
