// --resume goes on with a run, and with no other.
#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class Resume : public ::testing::Test {
 protected:
  Finished run(const Words& more) {
    Words words{"run", "--project", small_project(), "--output", folder_.path()};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  fs::path journal() const { return folder_.path() / "journal.jsonl"; }

  TestFolder folder_;
};

TEST_F(Resume, OfAFinishedRunRunsNothing) {
  const Finished first = run({"-m", "good", "-m", "bad"});
  ASSERT_EQ(first.code, 1) << first.err;
  const Report before = report_of(folder_.path());
  const std::string journal_before = text_of(journal());
  const std::string transcript = before.row("good/off@virt[gic=2,level=1]").folders.at(0) + "/transcript.raw";
  const auto written = fs::last_write_time(transcript);

  const Finished second = run({"-m", "good", "-m", "bad", "--resume"});
  EXPECT_EQ(second.code, 1) << second.err;
  const Report after = report_of(folder_.path());
  EXPECT_EQ(after.totals, before.totals);
  EXPECT_EQ(after.standings(), before.standings());
  EXPECT_EQ(text_of(journal()), journal_before);
  EXPECT_EQ(fs::last_write_time(transcript), written);
  // What failed is told as if it had just been run, with the console's lines.
  EXPECT_NE(second.out.find("FAIL bad/fourth@virt  failed: missing-output"), std::string::npos) << second.out;
  EXPECT_NE(second.out.find("8 passed, 2 failed"), std::string::npos) << second.out;
  EXPECT_EQ(xpath(folder_.path() / "junit.xml", "//testcase").size(), 10u);
}

TEST_F(Resume, RefusesAnotherSelectionsJournal) {
  ASSERT_EQ(run({"good/off@virt"}).code, 0);
  const std::string before = text_of(journal());
  const Finished other = run({"good/idle@virt", "--resume"});
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(other.err, "bootrig: " + journal().string() +
                           ": is of a run of other testcases; resume it with the selection it was begun with, or leave "
                           "--resume away to begin anew\n");
  EXPECT_EQ(text_of(journal()), before);
  // Without --resume it is begun anew.
  EXPECT_EQ(run({"good/idle@virt"}).code, 0);
  EXPECT_EQ(report_of(folder_.path()).standings(), Words{"good/idle@virt pass"});
}

TEST_F(Resume, RunsWhatACutLastLineTold) {
  ASSERT_EQ(run({"good/off@virt", "good/idle@virt", "-j1"}).code, 0);
  const std::string whole = text_of(journal());
  const Report before = report_of(folder_.path());
  for (const std::size_t cut : {std::size_t{1}, std::size_t{200}}) {
    ASSERT_TRUE(write_file(journal(), whole.substr(0, whole.size() - cut)));
    const Finished resumed = run({"good/off@virt", "good/idle@virt", "--resume"});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(report_of(folder_.path()).standings(), before.standings());
  }
}

TEST_F(Resume, OfAJournalWithoutAWholeLineBeginsAnew) {
  for (const char* journal_text : {"", R"({"journal":"bootrig-jou)"}) {
    ASSERT_TRUE(write_file(journal(), journal_text));
    EXPECT_EQ(run({"good/off@virt", "--resume"}).code, 0);
    EXPECT_EQ(report_of(folder_.path()).standings(), Words{"good/off@virt pass"});
  }
}

TEST_F(Resume, RefusesWhatIsNoJournal) {
  ASSERT_TRUE(write_file(journal(), "{}\n"));
  const Finished refused = run({"good/off@virt", "--resume"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, "bootrig: " + journal().string() + ":1: is no journal of a bootrig run\n");
  ASSERT_TRUE(write_file(journal(), "some text\n"));
  EXPECT_EQ(run({"good/off@virt", "--resume"}).code, 2);
}

TEST_F(Resume, GoesOnWithTheRoundItWasIn) {
  ASSERT_EQ(run({"good/off@virt", "--until-fail", "--repeat", "3"}).code, 0);
  const std::string whole = text_of(journal());
  ASSERT_TRUE(write_file(journal(), whole.substr(0, whole.size() - 1)));  // the third round's result is lost
  const Finished resumed = run({"good/off@virt", "--until-fail", "--repeat", "3", "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed.out << resumed.err;
  EXPECT_EQ(report_of(folder_.path()).standings(),
            (Words{"good/off@virt pass", "good/off@virt#2 pass", "good/off@virt#3 pass"}));
}

}  // namespace
}  // namespace bootrig
