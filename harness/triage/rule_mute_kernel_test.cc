// A program at rest of which the console has nothing, told from its file, its code in memory and the transcript.
#include "testing/test_folder.h"
#include "triage/rest_rule_test.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kWfi = 0xd503207f, kBackToWfi = 0x17ffffff, kNop = 0xd503201f;

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// An ELF file of one segment (System V gABI, chapters 4 and 5).
std::string elf_at(std::uint64_t address, const std::string& contents) {
  constexpr std::uint64_t kHeaders = 64 + 56;
  std::string file =
      "\x7f"
      "ELF\x02\x01\x01" +
      std::string(9, '\0');
  file += little_endian(2, 2) + little_endian(183, 2) + little_endian(1, 4) + little_endian(address, 8);
  file += little_endian(64, 8) + little_endian(0, 8) + little_endian(0, 4);
  for (const int half : {64, 56, 1, 64, 0, 0}) file += little_endian(static_cast<std::uint64_t>(half), 2);
  file += little_endian(1, 4) + little_endian(7, 4) + little_endian(kHeaders, 8) + little_endian(address, 8);
  file += little_endian(address, 8) + little_endian(contents.size(), 8) + little_endian(contents.size(), 8);
  return file + little_endian(8, 8) + contents;
}

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
    auto file = LoadedElf::open(folder_.put(name, elf_at(address, contents)));
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

TEST_F(MuteKernelTest, OtherCodeIsInMemory) {
  put_code(kTestCode, {kWfi, kBackToWfi, kWfi, kWfi});
  EXPECT_EQ(cause(), "");
}

}  // namespace
}  // namespace bootrig
