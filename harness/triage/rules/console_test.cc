// Causes that show on the console: output without end, and an archive that its reader complained of.
#include "inspect/archive.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += fmt::format(fmt::runtime(text), i);
  return all;
}

class EndlessTest : public RestRuleTest {
 protected:
  std::string cause_of(const std::string& transcript, StoppedFor why = StoppedFor::kOutput) {
    evidence_.transcript = transcript;
    evidence_.stopped_for = why;
    return cause();
  }
};

TEST_F(EndlessTest, OneLineOrSeveral) {
  EXPECT_EQ(cause_of("boots\n" + repeat("again {}\r\n", 100) + "aga"), "endless-output");
  EXPECT_TRUE(what().starts_with("the console says the same again and again: the line 'again 99'; the CPU is at EL1"))
      << what();
  EXPECT_EQ(cause_of(repeat("reset {}\nboots\nfails\n", 40)), "endless-output");
  EXPECT_TRUE(what().contains("3 lines that begin with 'reset 39'")) << what();
}

TEST_F(EndlessTest, UserCodeThatAsksForIt) {
  cpu().system["ELR_EL1"] = kTestCode + 0x40;
  EXPECT_EQ(cause_of(repeat("again\n", 100)), "endless-output");
  EXPECT_TRUE(what().contains("user code asks for it at 0x40400040 <start+0x40>")) << what();
}

TEST_F(EndlessTest, MuchThatIsNotTheSame) {
  std::string much;
  for (char c = 'a'; c <= 'z'; ++c) much += std::string(40, c) + "\n";
  EXPECT_EQ(cause_of(much + much), "");
  EXPECT_EQ(cause_of(repeat("again\n", 5)), "");
  EXPECT_EQ(cause_of(std::string(100000, '\0')), "");
  EXPECT_EQ(cause_of(repeat("again\n", 100), StoppedFor::kConsole), "");
}

std::string member(std::string_view name, std::string_view data) {
  std::string bytes =
      fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", 1, 0x81a4, 0,
                  0, 1, 0, data.size(), 0, 0, 0, 0, name.size() + 1, 0);
  bytes += name;
  bytes.append(1 + (4 - (bytes.size() + 1) % 4) % 4, '\0');
  bytes += data;
  return bytes.append((4 - bytes.size() % 4) % 4, '\0');
}

TEST(ArchiveTest, WholeOne) {
  const std::string archive = member("a", "12345") + member("b", "") + member("TRAILER!!!", "");
  const auto found = find_archives("xxxx" + archive + "behind it");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, 4u);
  EXPECT_EQ(found[0].members.size(), 2u);
  EXPECT_EQ(found[0].size, archive.size());
  EXPECT_FALSE(found[0].damage);
}

TEST(ArchiveTest, MemberThatIsCutOff) {
  const auto found =
      find_archives(member("kernel.elf", "1234") + member("user.elf", std::string(1000, 'u')).substr(0, 500));
  ASSERT_EQ(found.size(), 1u);
  ASSERT_TRUE(found[0].damage);
  EXPECT_EQ(damage_text(found[0]), "its member 'user.elf' is cut off: 380 of 1000 bytes are there");
}

TEST(ArchiveTest, EndMarkThatIsMissing) {
  const std::string archive = member("a", "1234");
  for (const std::string& bytes : {archive, archive + "something else", archive + "070701 no header"}) {
    const auto found = find_archives(bytes);
    ASSERT_GE(found.size(), 1u);
    EXPECT_EQ(damage_text(found[0]),
              fmt::format("behind its 1 members, at byte {}, is neither another one nor the end mark", archive.size()));
  }
}

// Code that reads archives has the magic, too.
TEST(ArchiveTest, MagicAloneIsNoArchive) {
  EXPECT_TRUE(find_archives("070701").empty());
  EXPECT_TRUE(find_archives(std::string("\0\0070701\0TRAILER!!!\0", 20)).empty());
  EXPECT_TRUE(find_archives("070701" + std::string(104, 'f')).empty());
  EXPECT_TRUE(find_archives("070701" + std::string(104, '0') + "x").empty());
}

TEST(ArchiveTest, SizesThatOverflow) {
  std::string bytes = member("a", "1234");
  bytes.replace(54, 8, "ffffffff");
  const auto found = find_archives(bytes);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].damage->size, 0xffffffffu);
}

class TruncatedArchiveTest : public RestRuleTest {
 protected:
  // What is named when the image holds these bytes and the guest has complained on its console.
  std::string cause_with(const std::string& bytes) {
    const std::string file = small_elf({kTestCode, kTestCode, bytes}, kTestCode);
    const auto opened = LoadedElf::open(folder_.put("image.elf", file));
    EXPECT_TRUE(opened);
    evidence_.files = std::span(&*opened, 1);
    evidence_.stopped_for = stopped_for_;
    const std::string name = cause();
    evidence_.files = {};
    return name;
  }

  TestFolder folder_;
  StoppedFor stopped_for_ = StoppedFor::kConsole;
  const std::string whole_ = member("kernel.elf", std::string(400, 'k')) + member("TRAILER!!!", "");
};

TEST_F(TruncatedArchiveTest, IsNamed) {
  EXPECT_EQ(cause_with(whole_.substr(0, 300)), "truncated-archive");
  EXPECT_TRUE(what().contains("its member 'kernel.elf' is cut off")) << what();
}

// A whole archive; one that is not whole where nobody complained; and an exception, which has a cause of its own.
TEST_F(TruncatedArchiveTest, NearMisses) {
  EXPECT_EQ(cause_with(whole_), "");
  stopped_for_ = StoppedFor::kOutput;
  EXPECT_EQ(cause_with(whole_.substr(0, 300)), "");
  stopped_for_ = StoppedFor::kConsole;
  put_code(kTestCode + 0x20, {0xd503201f});
  put_exception(0x02000000, kTestCode + 0x20, 0);
  EXPECT_EQ(cause_with(whole_.substr(0, 300)), "");
}

}  // namespace
}  // namespace bootrig
