#include "triage/sought.h"

#include "triage/facts.h"
#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

using Addresses = std::vector<std::uint64_t>;

constexpr std::uint64_t kVbar = kTestCode + 0x800;
constexpr std::uint64_t kUserRead = 0x92000007, kOwnRead = 0x96000007, kOwnUndefined = 0x02000000, kSvc = 0x56000000;

class SoughtTest : public RestRuleTest {
 protected:
  std::optional<SoughtException> sought(std::string_view transcript) {
    FakeInspection machine(data_);
    evidence_.at_rest = &machine;
    evidence_.transcript = transcript;
    return sought_exception(gather(evidence_));
  }
};

constexpr std::string_view kDump =
    "bootrig kernel: USER FAULT Synchronous, lower EL using AArch64, taken to EL1\n"
    "  ESR_EL1 0x0000000092000007\n  FAR_EL1 0x0000000000201000\n  ELR_EL1 0x0000000000200054\n"
    "  SPSR_EL1 0x00000000000003c0\nbootrig kernel: end of dump\n";

TEST_F(SoughtTest, OfADump) {
  const auto found = sought(kDump);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->told);
  EXPECT_EQ(found->taken_to, 1u);
  EXPECT_EQ(found->told_level, 1u);
  EXPECT_EQ(found->vectors, (Addresses{kVbar + 0x400})) << "from a lower level, AArch64";
  EXPECT_EQ(found->esr, kUserRead);
  EXPECT_EQ(found->far, 0x201000u);
  EXPECT_EQ(found->elr, 0x200054u);
}

// Where the dump does not say from where, ESR may.
TEST_F(SoughtTest, OfADumpWithoutSpsr) {
  std::string dump(kDump);
  dump.erase(dump.find("  SPSR"), dump.find("bootrig kernel: end") - dump.find("  SPSR"));
  auto found = sought(dump);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->vectors, (Addresses{kVbar + 0x400, kVbar + 0x600}));
  dump.replace(dump.find("92000007"), 8, "96000007");
  found = sought(dump);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->vectors, (Addresses{kVbar, kVbar + 0x200}));
  dump.replace(dump.find("96000007"), 8, "02000000");
  found = sought(dump);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->vectors, (Addresses{kVbar, kVbar + 0x200, kVbar + 0x400, kVbar + 0x600}));
  EXPECT_FALSE(found->far) << "FAR holds nothing then";
}

TEST_F(SoughtTest, OfAnSError) {
  std::string dump(kDump);
  dump.replace(dump.find("92000007"), 8, "be000000");
  const auto found = sought(dump);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->vectors, (Addresses{kVbar + 0x580}));
}

TEST_F(SoughtTest, OfTheRegistersAlone) {
  put_exception(kOwnRead, kTestCode + 0x40, 8);
  const auto found = sought("");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->told);
  EXPECT_EQ(found->vectors.size(), 4u) << "the first may have come from elsewhere";
  EXPECT_EQ(found->esr, kOwnRead);
}

TEST_F(SoughtTest, ASystemCallIsNothingToLookFor) {
  put_exception(kSvc, kTestCode + 0x40, 0);
  EXPECT_FALSE(sought(""));
}

TEST_F(SoughtTest, NoDumpOfAnAssertionIsLookedFor) {
  EXPECT_FALSE(sought("nothing of note\n"));
}

SoughtException told() {
  return {.taken_to = 2,
          .vectors = {kVbar},
          .esr = kUserRead,
          .far = 0x201000,
          .elr = 0x200054,
          .told_level = 2,
          .told = true};
}
TakenException taken(std::uint64_t esr, std::uint64_t far, std::uint64_t elr, std::uint64_t spsr = 0) {
  return {.level = 2, .vector = kVbar, .esr = esr, .far = far, .elr = elr, .spsr = spsr};
}

TEST(Resembles, WhatWasTold) {
  EXPECT_EQ(compare(told(), taken(kUserRead, 0x201000, 0x200054)), Resemblance::kSame);
  // ISS2, which most dumps cut off.
  EXPECT_EQ(compare(told(), taken(kUserRead | std::uint64_t{1} << 36, 0x201000, 0x200054)), Resemblance::kSame);
  EXPECT_EQ(compare(told(), taken(kUserRead, 0x201000, 0x200058)), Resemblance::kPartial);
  EXPECT_EQ(compare(told(), taken(kUserRead, 0x202000, 0x200058)), Resemblance::kOther);
  // FAR keeps the last fault's address through a call.
  EXPECT_EQ(compare(told(), taken(kSvc, 0x201000, 0x200054)), Resemblance::kOther);
  TakenException elsewhere = taken(kUserRead, 0x201000, 0x200054);
  elsewhere.level = 1;
  EXPECT_EQ(compare(told(), elsewhere), Resemblance::kOther);
}

TEST(Resembles, WhatIsNotToldIsNotCompared) {
  SoughtException sought = told();
  sought.elr.reset();
  EXPECT_EQ(compare(sought, taken(kUserRead, 0x201000, 4)), Resemblance::kSame);
  EXPECT_EQ(compare(sought, taken(kUserRead, 0x202000, 4)), Resemblance::kOther) << "one of two is not enough";
  sought.esr.reset();
  EXPECT_EQ(compare(sought, taken(kUserRead, 0x201000, 4)), Resemblance::kOther) << "an address alone is not enough";
}

// The registers tell of the last of many: the first fault of that level's own is what is looked for.
TEST(Resembles, WithoutADump) {
  SoughtException sought = told();
  sought.told = false;
  sought.esr = kOwnRead;
  EXPECT_EQ(compare(sought, taken(kOwnUndefined, 0, 0x40, 0x3c9)), Resemblance::kSame);
  EXPECT_EQ(compare(sought, taken(kSvc, 0, 0x40, 0x3c9)), Resemblance::kOther);
  EXPECT_EQ(compare(sought, taken(kUserRead, 0x1000, 0x40, 0)), Resemblance::kOther) << "a user's may be handled";
  sought.esr = kUserRead;
  EXPECT_EQ(compare(sought, taken(kUserRead, 0x201000, 0x200054)), Resemblance::kSame);
  EXPECT_EQ(compare(sought, taken(kOwnUndefined, 0, 0x40, 0x3c9)), Resemblance::kOther);
}

// At rest the vectors raise exceptions themselves, without end: those are not the first.
TEST(Resembles, InVectorsThatRaiseExceptions) {
  SoughtException sought{.taken_to = 2, .vectors = {0, 0x200, 0x400, 0x600}, .esr = kOwnUndefined, .elr = 0x200};
  EXPECT_EQ(compare(sought, taken(kOwnRead, 8, kTestCode, 0x3c9)), Resemblance::kSame);
  EXPECT_EQ(compare(sought, taken(kOwnUndefined, 0, kTestCode, 0x3c9)), Resemblance::kSame);
  EXPECT_EQ(compare(sought, taken(kSvc, 0, kTestCode, 0x3c9)), Resemblance::kOther);
  EXPECT_EQ(compare(sought, taken(kOwnUndefined, 0, 0x200, 0x3c9)), Resemblance::kOther);
}

TEST(Disagreements, OfWhatTheDumpTold) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(disagreements(told(), taken(kUserRead, 0x201000, 0x200054)), Lines{});
  TakenException other = taken(kOwnRead, 8, 0x200058);
  other.level = 1;
  EXPECT_EQ(
      disagreements(told(), other),
      (Lines{"the guest printed ESR 0x92000007, the CPU had 0x96000007",
             "the guest printed FAR 0x201000, the CPU had 0x8", "the guest printed ELR 0x200054, the CPU had 0x200058",
             "the guest printed that it was taken to EL2, the CPU took it to EL1"}));
  SoughtException registers = told();
  registers.told = false;
  registers.told_level.reset();
  EXPECT_EQ(disagreements(registers, other), Lines{});
}

}  // namespace
}  // namespace bootrig
