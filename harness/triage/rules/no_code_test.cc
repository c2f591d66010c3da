// Execution where no code is, told from registers, memory, the image's file and the console's last words.
#include <gmock/gmock.h>

#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::uint64_t kEmpty = kTestCode + 0x1000;

class NoCodeTest : public RestRuleTest {
 protected:
  NoCodeTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    put_code(kTestCode, {kNop, kWfi, kBackToWfi, kNop});
    put_code(kTestCode + 0xa00, {kWfi, kBackToWfi});  // the vector of the same level
    set_file(kTestCode);
  }

  // The booted file: code of 0x100 bytes, and memory without contents behind it.
  void set_file(std::uint64_t entry) {
    files_.clear();
    const SmallSegment segment{kTestCode, kTestCode, data_.memory[kTestCode].substr(0, 0x100), 0x2000, 7};
    auto file = LoadedElf::open(folder_.put("image", small_elf(segment, entry)));
    ASSERT_TRUE(file) << to_text(file.error());
    files_.push_back(std::move(*file));
    evidence_.files = files_;
  }

  // No vectors: the CPU goes round the exceptions of an empty table.
  void lose_in_empty_vectors() {
    cpu().pc = 0x200;
    cpu().system["VBAR_EL1"] = 0;
    put_exception(kUndefined, 0x200, 0);
  }

  TestFolder folder_;
  std::vector<LoadedElf> files_;
};

class NeverStartedTest : public NoCodeTest {
 protected:
  NeverStartedTest() {
    set_file(kEmpty);
    lose_in_empty_vectors();
    cpu().x[0] = 0;
  }
};

TEST_F(NeverStartedTest, TheEntryIsEmptyMemory) {
  EXPECT_EQ(cause(), "never-started");
  EXPECT_THAT(what(), HasSubstr("the CPU is started at 0x40401000"));
  EXPECT_THAT(what(), HasSubstr("where memory holds zeroes"));
  EXPECT_THAT(last_->findings, Contains("silence: no output at all"));
}

TEST_F(NeverStartedTest, ARegisterWasWritten) {
  cpu().x[1] = 1;
  EXPECT_EQ(cause(), "vectors-not-set");
}

TEST_F(NeverStartedTest, TheEntryIsCode) {
  set_file(kTestCode);
  EXPECT_EQ(cause(), "vectors-not-set");
}

TEST_F(NeverStartedTest, SomethingWasSaid) {
  evidence_.transcript = "firmware\n";
  EXPECT_EQ(cause(), "vectors-not-set");
}

class LostBehindJumpTest : public NoCodeTest {
 protected:
  LostBehindJumpTest() { lose_in_empty_vectors(); }
};

TEST_F(LostBehindJumpTest, NothingIsLoadedThere) {
  evidence_.transcript = "loader: ready\nloader: jumping to 0x40401000\r\n";
  EXPECT_EQ(cause(), "lost-behind-jump");
  EXPECT_THAT(what(), HasSubstr("'loader: jumping to 0x40401000', and at 0x40401000 memory holds zeroes"));
}

TEST_F(LostBehindJumpTest, TheMachineHasNothingThere) {
  evidence_.transcript = "## Starting application at 0x80000000 ...\n";
  EXPECT_EQ(cause(), "lost-behind-jump");
  EXPECT_THAT(what(), HasSubstr("this machine has nothing"));
}

TEST_F(LostBehindJumpTest, CodeIsThere) {
  evidence_.transcript = "loader: jumping to 0x40400000\n";
  EXPECT_EQ(cause(), "vectors-not-set");
}

TEST_F(LostBehindJumpTest, TheAddressIsOfSomethingElse) {
  evidence_.transcript = "loader: heap at 0x40401000\n";
  EXPECT_EQ(cause(), "vectors-not-set");
  evidence_.transcript = "loader: restarted, heap at 0x40401000\n";  // no word of its own
  EXPECT_EQ(cause(), "vectors-not-set");
}

TEST_F(LostBehindJumpTest, TheCpuIsNotLost) {
  evidence_.transcript = "loader: starting the heap at 0x40401000\n";
  cpu().pc = kTestCode + 4;
  cpu().system["VBAR_EL1"] = kTestCode + 0x800;
  put_exception(0, 0, 0);
  EXPECT_EQ(cause(), "");
}

TEST_F(LostBehindJumpTest, SomethingWasSaidSince) {
  evidence_.transcript = "loader: jumping to 0x40401000\nkernel: here\n";
  EXPECT_EQ(cause(), "vectors-not-set");
}

class ZeroesTest : public NoCodeTest {
 protected:
  ZeroesTest() {
    cpu().pc = kTestCode + 0xa00;
    evidence_.transcript = "starts\n";
    put_exception(kUndefined, kEmpty, 0);
  }
};

TEST_F(ZeroesTest, WhereNoFileHasBytes) {
  EXPECT_EQ(cause(), "runs-in-zeroes");
  EXPECT_THAT(what(), HasSubstr("code at EL1 was sent to 0x40401000, where memory holds zeroes"));
}

TEST_F(ZeroesTest, AnUndefinedInstructionThatIsCode) {
  put_code(kEmpty, {kNop});
  EXPECT_EQ(cause(), "");
}

// A UDF #0 that the file has there was written to be met.
TEST_F(ZeroesTest, ThatTheFileHasThere) {
  put_exception(kUndefined, kTestCode + 0x80, 0);
  EXPECT_EQ(cause(), "");
}

TEST_F(ZeroesTest, NoFileIsKnown) {
  evidence_.files = {};
  EXPECT_EQ(cause(), "");
}

TEST_F(ZeroesTest, AnotherException) {
  put_exception(0x56000000, kEmpty, 0);  // SVC
  EXPECT_EQ(cause(), "");
}

// What no rule names is told: what is known, and what would settle it.
TEST_F(ZeroesTest, UnnamedSilenceTellsItsLastException) {
  evidence_.files = {};
  evidence_.silent_for = std::chrono::seconds(12);
  EXPECT_EQ(cause(), "");
  ASSERT_TRUE(last_);
  EXPECT_THAT(last_->findings, Contains("silence: nothing since 'starts', for 12 s"));
  EXPECT_THAT(last_->findings,
              Contains("CPU 0: the last exception taken to EL1: Unknown reason (ESR_EL1 0x2000000), ELR 0x40401000, "
                       "SPSR 0x3c5"));
  EXPECT_THAT(last_->missing, Contains(HasSubstr("why it is silent: ")));
}

TEST_F(ZeroesTest, NoSilenceWhileItTalks) {
  evidence_.files = {};
  evidence_.silent_for = std::chrono::milliseconds(20);
  EXPECT_EQ(cause(), "");
  EXPECT_THAT(last_->findings, Contains("no silence: the console was still talking, its last line is 'starts'"));
}

}  // namespace
}  // namespace bootrig
