// bootrig prove on real QEMU: sound expectations turn, planted ones that cannot fail are found.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;

class Prove : public ::testing::Test {
 protected:
  Finished prove(const Words& more) {
    Words words{"prove", "--project", project_, "--output", folder_.path() / "run"};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  // The project becomes one to change; the file in it holds `text`.
  void plant(const std::string& file, const std::string& text) {
    project_ = folder_.path() / "project";
    if (!fs::exists(project_)) copy_project(small_project(), project_);
    fs::create_directories((fs::path(project_) / file).parent_path());
    ASSERT_TRUE(write_file(fs::path(project_) / file, text).has_value());
  }

  TestFolder folder_;
  std::string project_ = small_project();
};

TEST_F(Prove, ASoundSelectionTurns) {
  const Finished finished = prove({"-m", "good"});
  EXPECT_EQ(finished.code, kExitExpected) << finished.out << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("mutants, all turned\n"));
}

TEST_F(Prove, WhatCannotFailIsFound) {
  plant("scenarios/good/loose/scenario.json",
        R"({"summary": "s", "image": "guest", "timeout": "20s", "transcript": "expected.transcript"})");
  plant("scenarios/good/loose/expected.transcript", "guest: one\n{{any}}\n...\nguest: three\n");
  plant("scenarios/good/steps/scenario.json", R"({"summary": "s", "image": "guest", "timeout": "20s",)"
                                              R"( "steps": [{"expect": "re:.*"}, {"expect": "guest: three"}]})");
  const Finished finished = prove({"good/loose@virt", "good/steps@virt"});
  EXPECT_EQ(finished.code, kExitUnexpected) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("expected.transcript:2  {{any}}\n  on good/loose@virt\n"
                                      "  line 2 'guest: two' became '~~~~~: ~~~', and the verdict stayed pass\n"
                                      "  any text of this shape meets the expectation: write the words that matter, or "
                                      "let the line pass with '...'\n"));
  EXPECT_THAT(finished.out, HasSubstr("scenario.json:/steps/0/expect  re:.*\n"));
  EXPECT_THAT(finished.out, EndsWith(" 2 did not turn\n"));

  const Finished json = prove({"good/loose@virt", "--json"});
  EXPECT_EQ(json.code, kExitUnexpected);
  EXPECT_EQ(against_schema(source_path("reports/prove.schema.json"), json.out), "");
  const auto document = nlohmann::json::parse(json.out);
  ASSERT_EQ(document["testcases"][0]["survivors"].size(), 1u);
  EXPECT_EQ(document["testcases"][0]["survivors"][0]["mutant"], "garble");
}

TEST_F(Prove, WhatDoesNotPassIsNotProven) {
  const Finished finished = prove({"bad/fourth@virt"});
  EXPECT_EQ(finished.code, kExitUnexpected);
  EXPECT_THAT(finished.out, HasSubstr("NOT PROVEN   bad/fourth@virt\n  fail (missing-output): "));
  EXPECT_THAT(finished.out, EndsWith("0 testcases, 0 mutants, nothing is proven; left out: 1 did not pass\n"));
}

TEST_F(Prove, NothingToProveIsBadInput) {
  plant("scenarios/only.matrix.json",
        R"({"summary": "s", "entries": [{"scenarios": ["bad/fourth"], "targets": ["virt"]}],)"
        R"( "expect-fail": [{"scenarios": ["bad/*"], "verdict": "fail", "cause": "missing-output", "reason": "r"}]})");
  const Finished finished = prove({"-m", "only"});
  EXPECT_EQ(finished.code, kExitUntrustworthy);
  EXPECT_EQ(finished.err,
            "bootrig: no testcase of the selection is to pass, so there is no green to prove anything of\n");
  EXPECT_EQ(prove({"--repeat", "2"}).code, kExitUntrustworthy);
}

}  // namespace
}  // namespace bootrig
