// Machines whose time counts instructions: equal transcripts, and what a recheck says of a failure.
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json results_of(const fs::path& run) {
  return Json::parse(text_of(run / "report.json")).at("results");
}

TEST(Deterministic, TheSameImageSaysTheSameBytesTwentyTimes) {
  const TestFolder folder;
  const Finished finished =
      bootrig({"run", "boot/hello@virt-deterministic", "boot/hello@virt-deterministic-el2", "--repeat", "20",
               "--output", folder.path() / "run", "--no-history", "--html", "off"});
  ASSERT_EQ(finished.code, 0) << finished.out << finished.err;
  std::map<std::string, std::set<std::string>> hashes;  // by target
  std::size_t count = 0;
  for (const Json& result : results_of(folder.path() / "run")) {
    const Json& outcome = result.at("attempts").at(0).at("outcome");
    EXPECT_GT(outcome.at("transcript-hashed"), 500);
    hashes[result.at("target")].insert(outcome.at("transcript-sha256").get<std::string>());
    ++count;
  }
  EXPECT_EQ(count, 40u);
  ASSERT_EQ(hashes.size(), 2u);
  EXPECT_EQ(hashes.at("virt-deterministic").size(), 1u);
  EXPECT_EQ(hashes.at("virt-deterministic-el2").size(), 1u);
  EXPECT_NE(hashes.at("virt-deterministic"), hashes.at("virt-deterministic-el2"));
}

// Runs scenarios of the small project on a machine that goes otherwise unless it is deterministic: a branch to itself
// in memory is then where its CPU begins.
class Recheck : public ::testing::Test {
 protected:
  Recheck() {
    copy_project(small_project(), project_);
    const fs::path qemu =
        folder_.put("qemu",
                    "#!/bin/sh\ncase \"$*\" in *-icount*|*dumpdtb*) exec qemu-system-aarch64 \"$@\";; esac\n"
                    "exec qemu-system-aarch64 \"$@\" -device loader,addr=0x48000000,data=0x14000000,data-len=4 "
                    "-device loader,addr=0x48000000,cpu-num=0\n");
    EXPECT_EQ(::chmod(qemu.c_str(), 0755), 0);
    folder_.put("project/targets/racy.json",
                R"({ "extends": "base/qemu-virt", "summary": "Depends on its time", "machine": { "qemu": ")" +
                    qemu.string() + R"(" } })");
  }

  Finished run(const std::string& cell, const Words& more = {"--recheck"}) const {
    Words words{"run",   cell,           "--project",      project_,   "--output",
                output_, "--no-history", "--junit-flavor", "extended", "--timeout-multiplier",
                "0.1"};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  Json result() const { return results_of(output_).at(0); }

  TestFolder folder_;
  fs::path project_ = folder_.path() / "project";
  fs::path output_ = folder_.path() / "run";
};

TEST_F(Recheck, AFailureThatIsGoneThereIsTiming) {
  const Finished finished = run("good/off@racy");
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("recheck    passes on the deterministic machine: timing"), std::string::npos)
      << finished.out;
  const Json one = result();
  EXPECT_EQ(one.at("standing"), "fail");
  EXPECT_EQ(one.at("recheck").at("verdict").at("kind"), "pass");
  EXPECT_EQ(one.at("recheck").at("folder"), "cells/good/off/racy/recheck");
  EXPECT_NE(text_of(output_ / "cells/good/off/racy/recheck/command.txt").find("-icount"), std::string::npos);
  EXPECT_EQ(one.at("attempts").size(), 1u);
  const Words messages = xpath(output_ / "junit.xml", "//failure/@message");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].ends_with("; passes on the deterministic machine: timing")) << messages[0];
  EXPECT_EQ(xpath(output_ / "junit.xml", "//testcase//property[@name='recheck']/@value"),
            Words{"passes on the deterministic machine: timing"});
}

TEST_F(Recheck, AFailureThatStaysIsAChange) {
  const Finished finished = run("bad/fourth@virt");
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("recheck    fails on the deterministic machine, too: a change, not timing"),
            std::string::npos)
      << finished.out;
  EXPECT_EQ(result().at("recheck").at("verdict").at("cause"), "missing-output");
}

TEST_F(Recheck, IsForFailuresOnOrdinaryMachinesAlone) {
  EXPECT_EQ(run("good/off@virt").code, 0);
  EXPECT_FALSE(result().contains("recheck"));
  EXPECT_EQ(run("bad/fourth@virt-deterministic").code, 1);
  EXPECT_FALSE(result().contains("recheck"));
  EXPECT_EQ(run("bad/fourth@virt", {}).code, 1);
  EXPECT_FALSE(result().contains("recheck"));
}

}  // namespace
}  // namespace bootrig
