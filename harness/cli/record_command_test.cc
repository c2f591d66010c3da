// bootrig record on real QEMU: what it writes passes at once, and is written only when asked for.
#include <gmock/gmock.h>

#include "cli/commands.h"
#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Record : public ::testing::Test {
 protected:
  Record() { copy_project(small_project(), project_); }
  Finished record(const Words& more) {
    Words words{"record", "--project", project_, "--silence", "500ms", "--output", folder_.path() / "run"};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  fs::path put(const std::string& file, const std::string& text) {
    const fs::path path = project_ / "scenarios" / file;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_file(path, text).has_value());
    return path;
  }

  TestFolder folder_;
  const fs::path project_ = folder_.path() / "project";
};

TEST_F(Record, WritesATranscriptThatIsNotThere) {
  put("new/one/scenario.json",
      R"({"summary": "s", "image": "guest", "timeout": "20s", "transcript": "expected.transcript"})");
  const fs::path transcript = project_ / "scenarios/new/one/expected.transcript";
  const Finished shown = record({"new/one"});
  EXPECT_EQ(shown.code, kExitUnexpected) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("--- nothing\n+++ recorded\n+guest: one\n+guest: two\n+guest: three\n"));
  EXPECT_THAT(shown.out, HasSubstr("not written: there is no terminal to ask at, and no --yes\n"));
  EXPECT_FALSE(fs::exists(transcript));

  const Finished written = record({"new/one", "--yes", "--vary", "gic=2,3"});
  EXPECT_EQ(written.code, kExitExpected) << written.out << written.err;
  EXPECT_EQ(text_of(transcript), "guest: one\nguest: two\nguest: three\n");
  EXPECT_THAT(written.out, HasSubstr("4 boots were generalised; 2 more pass with it, and no line of it cannot fail\n"));
  EXPECT_THAT(record({"new/one"}).out, HasSubstr(" is up to date: 2 boots say what it expects\n"));
}

TEST_F(Record, BringsAnOldOneUpToDate) {
  const fs::path transcript = put("bad/fourth/expected.transcript", "# why\nguest: {{word:first}}\nguest: 2\n");
  const Finished finished = record({"bad/fourth", "--yes"});
  EXPECT_EQ(finished.code, kExitExpected) << finished.out << finished.err;
  EXPECT_EQ(text_of(transcript), "# why\nguest: {{word:first}}\nguest: two\nguest: three\n");
  EXPECT_THAT(finished.out, HasSubstr("-guest: 2\n+guest: two\n+guest: three\n"));
}

TEST_F(Record, WhatCannotFailIsNotWritten) {
  const fs::path transcript = put("good/idle/expected.transcript", "guest: one\n{{any}}\nguest: drei\n");
  const Finished finished = record({"good/idle", "--yes"});
  EXPECT_EQ(finished.code, kExitUntrustworthy) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("CANNOT FAIL"));
  EXPECT_EQ(finished.err, "bootrig: the transcript has lines that cannot fail; nothing is written\n");
  EXPECT_EQ(text_of(transcript), "guest: one\n{{any}}\nguest: drei\n");
}

TEST_F(Record, BadInputIsOneSentence) {
  EXPECT_EQ(record({"good/run"}).code, kExitUntrustworthy);
  EXPECT_EQ(record({"good/idle", "--vary", "gic"}).err, "bootrig: --vary: 'gic' is not of the form gic=2,3\n");
  put("new/steps/scenario.json", R"({"summary": "s", "image": "guest", "steps": [{"expect": "x"}]})");
  EXPECT_THAT(record({"new/steps"}).err,
              HasSubstr("scenario.json:/steps: a scenario with steps has no transcript to record\n"));
  put("new/none/scenario.json", R"({"summary": "s", "image": "guest"})");
  EXPECT_THAT(record({"new/none"}).err, HasSubstr("names no transcript; write \"transcript\""));
}

}  // namespace
}  // namespace bootrig
