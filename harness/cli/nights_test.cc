// The memory of a nightly run, as its readers meet it: a defect that is planted, found, known, mended.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Nights : public ::testing::Test {
 protected:
  Nights() {
    copy_project(small_project(), project_);
    git({"init", "-q"});
    folder_.put("project/.gitignore", "/.bootrig/\n");
  }

  void git(Words words) {
    words.insert(words.begin(), {"git", "-c", "user.name=test", "-c", "user.email=test@example.org"});
    const auto result = run_command(launcher_, {.argv = words, .folder = project_},
                                    Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    ASSERT_TRUE(result && result->status.code == 0) << (result ? result->output : to_text(result.error()));
    said_ = std::string(trim(result->output));
  }
  // Commits what there is and runs the matrix on it. Gives the revision.
  std::string night(int code, const Words& more = {"-m", "good"}) {
    git({"add", "."});
    git({"commit", "-q", "--allow-empty", "-m", "night"});
    git({"rev-parse", "--short=12", "HEAD"});
    const std::string revision = said_;
    run(code, more);
    return revision;
  }
  void run(int code, const Words& more) {
    Words words{"run", "--project", project_, "--output", folder_.path() / "run"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = bootrig(words, {"BOOTRIG_HISTORY="});
    EXPECT_EQ(finished.code, code) << finished.out << finished.err;
    told_ = finished.out;
  }
  Finished compare(Words words) {
    words.insert(words.begin(), {"compare", "--project", project_});
    return bootrig(words, {"BOOTRIG_HISTORY="});
  }
  bool told(const std::string& text) const { return told_.find(text) != std::string::npos; }

  // The guest says another line than all scenarios of `good` wait for.
  void plant() { edit(project_ / "images/guest/guest.c", "guest: two", "guest: deux"); }
  void mend() { edit(project_ / "images/guest/guest.c", "guest: deux", "guest: two"); }

  TestFolder folder_;
  fs::path project_ = folder_.path() / "project";
  ForkingLauncher launcher_;
  std::string said_, told_;
};

std::string today() {
  const auto now = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day date(now);
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text;
}

TEST_F(Nights, ARegressionIsNewThenKnownThenFixed) {
  night(0);
  EXPECT_FALSE(told("history")) << told_;
  plant();
  const std::string bad = night(1);
  EXPECT_TRUE(told("\n  history    new\n")) << told_;
  const Finished second = compare({"last~1", "last"});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.out.find("8 new, 0 known, 0 fixed, 0 flaky of 8 testcases"), std::string::npos) << second.out;

  const std::string worse = night(1);
  EXPECT_TRUE(told("\n  history    known since " + bad + " (" + today() + ")\n")) << told_;
  EXPECT_FALSE(told("history    new")) << told_;
  EXPECT_EQ(compare({"last~1", "last"}).code, 0) << "nothing is new";
  EXPECT_EQ(compare({bad, worse}).code, 0) << "runs by their revisions";

  mend();
  night(0);
  EXPECT_TRUE(told("\nfixed:\n")) << told_;
  EXPECT_TRUE(told("; failed since " + bad)) << told_;
  const Finished fixed = compare({"3", "4"});
  EXPECT_EQ(fixed.code, 0);
  EXPECT_NE(fixed.out.find("0 new, 0 known, 8 fixed, 0 flaky of 8 testcases"), std::string::npos) << fixed.out;
  EXPECT_NE(fixed.out.find("fixed; it failed since " + bad + " (" + today() + ")"), std::string::npos) << fixed.out;
}

TEST_F(Nights, ComparedAsJsonAndAsMarkdown) {
  night(0);
  fs::copy(folder_.path() / "run/report.json", folder_.path() / "first.json");
  plant();
  const std::string bad = night(1);
  night(1);
  const Finished json = compare({"last~1", "last", "--json"});
  EXPECT_EQ(against_schema(source_path("reports/compare.schema.json"), json.out), "") << json.out;
  const Json known = Json::parse(json.out)["groups"];
  std::size_t testcases = 0;
  for (const Json& group : known) {
    EXPECT_EQ(group["change"], "known");
    EXPECT_EQ(group["since"]["revision"], bad);
    EXPECT_EQ(group["since"]["run"], 2);
    testcases += group["testcases"].size();
  }
  EXPECT_EQ(testcases, 8u);
  // A report and a folder, with no history to ask.
  const Words files{folder_.path() / "first.json", folder_.path() / "run", "--history", folder_.path() / "none"};
  Words markdown = files, as_json = files;
  markdown.push_back("--markdown");
  as_json.push_back("--json");
  const Finished table = compare(markdown);
  EXPECT_EQ(table.code, 1) << table.err;
  EXPECT_NE(table.out.find("\n| new | "), std::string::npos) << table.out;
  EXPECT_EQ(Json::parse(compare(as_json).out)["counts"]["new"], 8);
}

TEST_F(Nights, WhatPassesAndFailsUnchangedIsFlaky) {
  const fs::path count = folder_.path() / "count";
  const fs::path qemu =
      folder_.put("qemu", "#!/bin/sh\n[ -e " + count.string() + " ] && exit 7\nexec qemu-system-aarch64 \"$@\"\n");
  fs::permissions(qemu, fs::perms::owner_all);
  folder_.put("project/targets/counted.json", R"({ "extends": "base/qemu-virt", "summary": "May fail", "machine": )"
                                              R"({ "qemu": ")" +
                                                  qemu.string() + R"(" } })");
  night(0, {"good/off@counted"});
  folder_.put("count", "");
  run(1, {"good/off@counted", "good/off@virt"});
  EXPECT_TRUE(told("\n  history    flaky: passed with the same image at ")) << told_;
  const Finished compared = compare({"last~1", "last"});
  EXPECT_EQ(compared.code, 0);
  EXPECT_NE(compared.out.find("0 new, 0 known, 0 fixed, 1 flaky of 2 testcases"), std::string::npos) << compared.out;
}

// A quarantined testcase runs and does not gate, until its date.
TEST_F(Nights, AQuarantineEndsOnItsDate) {
  const auto matrix = [&](const std::string& until) {
    folder_.put("project/scenarios/ill.matrix.json",
                R"({ "summary": "One is ill", "entries": [ { "scenarios": ["bad/fourth", "good/off"], )"
                R"("targets": ["virt"] } ], "quarantine": [ { "scenarios": ["bad/*"], "reason": "it is ill", )"
                R"("owner": "ann@example.org", "until": ")" +
                    until + R"(" } ] })");
  };
  matrix("2999-12-31");
  night(0, {"-m", "ill"});
  EXPECT_TRUE(told("QUARANTINED")) << told_;
  EXPECT_TRUE(told("it is ill (ann@example.org, until 2999-12-31)")) << told_;
  EXPECT_EQ(report_of(folder_.path() / "run").row("bad/fourth@virt").standing, "quarantined");
  EXPECT_EQ(report_of(folder_.path() / "run").row("bad/fourth@virt").kind, "fail") << "it was run";
  EXPECT_EQ(xpath(folder_.path() / "run/junit.xml", "//testcase[skipped/@type='quarantined']/@name"),
            Words{"bad/fourth"});
  matrix(today());
  night(1, {"-m", "ill"});
  EXPECT_EQ(report_of(folder_.path() / "run").row("bad/fourth@virt").standing, "fail") << "its date has come";
  EXPECT_TRUE(told("it is ill (ann@example.org, over since " + today() + ")")) << told_;
  EXPECT_TRUE(told("\n  history    known since ")) << told_;
}

TEST_F(Nights, RunsThatCannotBeCompared) {
  const std::string here = project_.string();
  Finished finished = compare({"last", "last"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: last: there is no such file or folder, and no history (" + here +
                              "/.bootrig/history.sqlite) that could have such a run\n");
  run(0, {"good/off@virt"});
  finished = compare({"last~1", "last"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: " + here + "/.bootrig/history.sqlite: the history has no run 'last~1'\n");
  finished = compare({"nonsense", "last"});
  EXPECT_EQ(finished.err, "bootrig: " + here +
                              "/.bootrig/history.sqlite: the history has no run 'nonsense'; a run is its number, "
                              "'last', 'last~1' or the first 4 letters or more of a revision; 'bootrig history' lists "
                              "them\n");
  finished = compare({project_.string(), "last"});
  EXPECT_EQ(finished.err, "bootrig: " + here + ": is no folder of a run: it has no report.json\n");
}

}  // namespace
}  // namespace bootrig
