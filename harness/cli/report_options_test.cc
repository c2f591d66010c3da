// bootrig run --report: what CI servers read.
#include <nlohmann/json.hpp>

#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class ReportOption : public ::testing::Test {
 protected:
  Finished run(const Words& more, const Words& environment = {}) const {
    Words words{"run",      "good/off@virt", "bad/fourth@virt", "--project", small_project(),
                "--output", output_,         "--html",          "off"};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words, environment);
  }
  TestFolder folder_;
  fs::path output_ = folder_.path() / "run";
};

TEST_F(ReportOption, CtrfAndKtap) {
  const fs::path ktap = folder_.path() / "elsewhere/all.ktap";
  EXPECT_EQ(run({"--report", "ctrf", "--report", "ktap=" + ktap.string()}).code, 1);
  const auto summary = nlohmann::json::parse(text_of(output_ / "ctrf.json")).at("results").at("summary");
  EXPECT_EQ(summary.at("passed"), 1);
  EXPECT_EQ(summary.at("failed"), 1);
  EXPECT_NE(text_of(ktap).find("\nnot ok 1 virt\n"), std::string::npos) << text_of(ktap);
  EXPECT_FALSE(fs::exists(output_ / "results.ktap"));
}

TEST_F(ReportOption, GithubSpeaksWhereItsRunnerSaysSo) {
  const fs::path summary = folder_.path() / "summary.md";
  const Finished finished = run(
      {}, {"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary.string(), "GITHUB_WORKSPACE=" + small_project()});
  EXPECT_EQ(finished.code, 1) << finished.err;
  const std::size_t begin = finished.out.find("::stop-commands::");
  ASSERT_NE(begin, std::string::npos) << finished.out;
  const std::string token = finished.out.substr(begin + 17, 32);
  const std::size_t end = finished.out.find("::" + token + "::\n");
  const std::size_t error = finished.out.find("::error file=scenarios/bad/fourth/expected.transcript,line=4,");
  const std::size_t totals = finished.out.find("1 passed, 1 failed in ");
  // The terminal's report stands where nothing is obeyed; the annotation behind it.
  EXPECT_LT(begin, totals) << finished.out;
  EXPECT_LT(totals, end) << finished.out;
  EXPECT_LT(end, error) << finished.out;
  ASSERT_NE(error, std::string::npos) << finished.out;
  EXPECT_NE(text_of(summary).find("| bad/fourth"), std::string::npos) << text_of(summary);
}

TEST_F(ReportOption, GithubSpeaksNowhereElse) {
  EXPECT_EQ(run({}).out.find("::"), std::string::npos);
  EXPECT_NE(run({"--report", "github"}).out.find("::error file="), std::string::npos);
}

TEST_F(ReportOption, BadInput) {
  EXPECT_EQ(run({"--report", "gitbub"}).err,
            "bootrig: --report: there is no report 'gitbub'; 'github', 'ctrf' or 'ktap' can be had; did you mean "
            "'github'?\n");
  EXPECT_EQ(run({"--report", "ctrf="}).err, "bootrig: --report: 'ctrf=' names no file\n");
  EXPECT_EQ(run({"--report", "github=x"}).err, "bootrig: --report: 'github=x' takes no file\n");
  EXPECT_EQ(run({"--report", "xml"}).code, 2);
}

}  // namespace
}  // namespace bootrig
