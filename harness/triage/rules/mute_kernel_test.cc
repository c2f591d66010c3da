// A program at rest of which the console has nothing, told from its file, its code in memory and the transcript.
#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kBranchToSelf = 0x14000000;

class MuteKernelTest : public RestRuleTest {
 protected:
  MuteKernelTest() {
    evidence_.stopped_for = StoppedFor::kTime;
    evidence_.transcript = "loader: reads the archive\nloader: enters the kernel\n";
    put_code(kTestCode, {kWfi, kBackToWfi, kNop, kNop});
    add("loader", 0x50000000,
        std::string("loader: reads the archive\0loader: enters the kernel\0", 52) + "a third text\0");
    const std::string code = data_.memory[kTestCode].substr(0, 16);
    add("kernel", kTestCode, code + kTexts);
    evidence_.files = files_;
  }

  void add(const char* name, std::uint64_t address, const std::string& contents) {
    auto file = LoadedElf::open(folder_.put(name, small_elf({address, address, contents}, address)));
    ASSERT_TRUE(file) << to_text(file.error());
    files_.push_back(std::move(*file));
  }

  const std::string kTexts{
      "kernel: entered at EL%u\0kernel: looks at memory\0kernel: timer works\0kernel: starts user\0"
      "loader: enters the kernel\0",
      114};
  TestFolder folder_;
  std::vector<LoadedElf> files_;
};

TEST_F(MuteKernelTest, NoneOfItsTextsIsThere) {
  EXPECT_EQ(cause(), "mute-kernel");
  EXPECT_TRUE(what().starts_with("kernel runs and has come to rest at 0x40400000 <start> (EL1)")) << what();
}

TEST_F(MuteKernelTest, OneOfItsTextsIsThere) {
  evidence_.transcript = "loader: enters the kernel\nkernel: entered at EL1\n";
  EXPECT_EQ(cause(), "");
}

// Not at rest: it may be on its way to its first word.
TEST_F(MuteKernelTest, ItStillRuns) {
  CpuState later = cpu();
  later.pc = kTestCode + 0x800;
  data_.later = {{later}, {later}, {later}};
  EXPECT_EQ(cause(), "");
}

// User code runs: the kernel has done its work, and it is the one whose vectors take the user's calls.
class KernelOfUserCodeTest : public MuteKernelTest {
 protected:
  KernelOfUserCodeTest() {
    cpu().pstate = 0;  // EL0t
    cpu().pc = kUser;
    put_code(kUser, {kBranchToSelf});
    put_code(kTestCode + 0xc00, {kNop, kNop, kWfi, kNop});  // VBAR_EL1 + 0x400
  }
  void replace_kernel(const std::string& texts) {
    files_.pop_back();
    add("kernel", kTestCode, data_.memory[kTestCode].substr(0, 0xc10) + texts);
    evidence_.files = files_;
  }
  static constexpr std::uint64_t kUser = kTestCode + 0x1800;
};

TEST_F(KernelOfUserCodeTest, WithoutWordsItIsBuiltSo) {
  replace_kernel("");
  EXPECT_EQ(cause(), "mute-kernel");
  EXPECT_TRUE(what().starts_with("kernel has come as far as user code (0x40401800, EL0) without a word")) << what();
}

TEST_F(KernelOfUserCodeTest, WithWordsThatAreNotThere) {
  replace_kernel(kTexts);
  EXPECT_EQ(cause(), "mute-kernel");
  EXPECT_NE(what().find("texts none is on the console"), std::string::npos) << what();
}

TEST_F(KernelOfUserCodeTest, WithAWordThatIsThere) {
  replace_kernel(kTexts);
  evidence_.transcript = "kernel: timer works\n";
  EXPECT_EQ(cause(), "");
}

TEST_F(KernelOfUserCodeTest, OtherVectorsAreInMemory) {
  replace_kernel("");
  put_code(kTestCode + 0xc00, {kWfi, kWfi, kWfi, kWfi});
  EXPECT_EQ(cause(), "");
}

// In its own idle loop, a program of no words may be silent by design.
TEST_F(MuteKernelTest, WithoutWordsAndUserCode) {
  files_.pop_back();
  add("kernel", kTestCode, data_.memory[kTestCode].substr(0, 16));
  evidence_.files = files_;
  EXPECT_EQ(cause(), "");
}

TEST_F(MuteKernelTest, OtherCodeIsInMemory) {
  put_code(kTestCode, {kWfi, kBackToWfi, kWfi, kWfi});
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
