// Stage 2 alone and under stage 1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aarch64/walk.h"
#include "aarch64/walk_test.h"

namespace bootrig::aarch64 {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kVm = 1 << kHcrVm;
constexpr std::uint64_t kSl0Level1 = 1 << 6, kSl0Level0 = 2 << 6, kSl0Level3 = 3 << 6;
constexpr std::uint64_t kPs40 = 2 << 16;
constexpr std::uint64_t kRoot2 = 0x9000'0000;
// A block of stage 2: Normal WB, inner shareable, AF, RW.
constexpr std::uint64_t kBlock2 = 0x7fd;

TranslationRegisters stage2_only(std::uint64_t vtcr, unsigned pa_bits = 40) {
  return {.hcr = kVm, .vtcr = vtcr, .vttbr = kRoot2, .pa_bits = pa_bits};
}

class Stage2Test : public ::testing::Test {
 protected:
  WalkResult walked(std::uint64_t address, const Access& access = kRead) {
    return walk(registers_, Regime::kEl10, address, access, memory_);
  }
  FakeMemory memory_;
  TranslationRegisters registers_ = stage2_only(32 | kSl0Level1 | kPs40);
};

TEST_F(Stage2Test, FromLevel1) {
  memory_.write64(kRoot2 + 8, 0x9000'1003);
  memory_.write64(0x9000'1000, 0x8000'0000 | kBlock2);
  const WalkResult result = walked(0x4000'1234);
  EXPECT_EQ(ending(result), "0x80001234");
  EXPECT_EQ(result.attributes, "Device-nGnRnE, stage 2 RW");  // stage 1 is off: its memory is Device
  EXPECT_THAT(steps_text(result),
              ElementsAre("S2 L1[0x1] 0x90000008 = 0x90001003 table at 0x90001000",
                          "S2 L2[0x0] 0x90001000 = 0x800007fd block of 0x200000 bytes, PA 0x80000000, AF, stage 2 RW"));
  EXPECT_THAT(result.notes, ElementsAre("MMU off: flat", "VTTBR_EL2, T0SZ 32, start level 1, 4K granule"));
}

// seL4's: 40 bits from level 1, two tables side by side.
TEST_F(Stage2Test, ConcatenatedTables) {
  registers_ = stage2_only(24 | kSl0Level1 | kPs40);
  memory_.write64(kRoot2 + 0x201 * 8, 0x8000'0000 | kBlock2);
  const WalkResult result = walked(0x80'4000'0004);
  EXPECT_EQ(ending(result), "0x80000004");
  EXPECT_EQ(result.steps[0].index, 0x201u);
  EXPECT_EQ(result.steps[0].address, 0x9000'1008u);
}

TEST_F(Stage2Test, ConcatenatedTablesAreAlignedToTheirSize) {
  registers_ = stage2_only(24 | kSl0Level1 | kPs40);
  registers_.vttbr = 0x0001'0000'9000'1001;  // a VMID, half of the two tables, CnP
  memory_.write64(kRoot2, 0x8000'0000 | kBlock2);
  const WalkResult result = walked(0);
  EXPECT_EQ(ending(result), "0x80000000");
  EXPECT_THAT(result.notes, Contains("VTTBR_EL2 is not aligned to the table's 8192 bytes: 0x1000 of it is ignored"));
}

TEST_F(Stage2Test, SixteenTablesOf16KAndOf64K) {
  registers_ = stage2_only(24 | 1 << 6 | 2 << 14 | kPs40);  // 16K from level 2: 16 tables
  memory_.write64(kRoot2 + 0x7fff * 8, 0x8000'0000 | kBlock2);
  EXPECT_EQ(ending(walked(0xff'ffff'fff0)), "0x81fffff0");
  registers_ = stage2_only(24 | 1 << 6 | 1 << 14 | kPs40);  // 64K from level 2
  memory_.write64(kRoot2 + 0x7ff * 8, 0x8000'0000 | kBlock2);
  EXPECT_EQ(ending(walked(0xff'ffff'fff0)), "0x9ffffff0");
}

TEST_F(Stage2Test, EachStartLevel) {
  const struct {
    std::uint64_t vtcr;
    int level;
  } kRows[] = {{16 | kSl0Level0, 0},
               {25 | kSl0Level1, 1},
               {34, 2},
               {43 | kSl0Level3, 3},
               {17 | 2 << 14 | 2 << 6, 1},
               {28 | 2 << 14 | 1 << 6, 2},
               {39 | 2 << 14, 3},
               {22 | 1 << 14 | 1 << 6, 2},
               {35 | 1 << 14, 3},
               {16 | 1 << 14 | 2 << 6, 1},
               {12 | std::uint64_t{1} << 33 | std::uint64_t{1} << 32, -1}};
  for (const auto& row : kRows) {
    registers_ = stage2_only(row.vtcr | 6 << 16, 52);
    memory_.write64(kRoot2, 0);
    const WalkResult result = walked(0);
    ASSERT_EQ(result.steps.size(), 1u) << fmt::format("{:#x} {}", row.vtcr, ending(result));
    EXPECT_EQ(result.steps[0].level, row.level) << fmt::format("{:#x}", row.vtcr);
  }
}

// What no table is read for.
TEST_F(Stage2Test, RegistersThatDoNotFit) {
  const struct {
    TranslationRegisters registers;
    std::uint64_t address;
    std::string ending;
  } kRows[] = {
      {stage2_only(32 | kSl0Level1 | kPs40), 0x1'0000'0000, "0x92000004 IPA 0x100000000 has more than 32 bits"},
      {stage2_only(20 | kSl0Level1 | kPs40), 0,
       "0x92000004 VTCR_EL2.T0SZ 20 asks for 44 bits of IPA, the machine has 40"},
      {stage2_only(24 | kPs40), 0, "0x92000004 VTCR_EL2.SL0 0 (start level 2) does not fit T0SZ 24"},
      {stage2_only(34 | kSl0Level1 | kPs40), 0, "0x92000004 VTCR_EL2.SL0 1 (start level 1) does not fit T0SZ 34"},
      {stage2_only(30 | 3 << 6 | 1 << 14), 0, "0x92000004 VTCR_EL2.SL0 3 is reserved"},
      {stage2_only(30 | 3 << 6 | 2 << 14), 0, "0x92000004 VTCR_EL2.SL0 3 is reserved"},
      {stage2_only(8 | kSl0Level1), 0, "0x92000004 VTCR_EL2.T0SZ 8 is out of range: 16 to 48"},
  };
  for (const auto& row : kRows) {
    registers_ = row.registers;
    const WalkResult result = walked(row.address);
    EXPECT_EQ(ending(result), row.ending);
    EXPECT_EQ(result.fault->stage, 2);
    EXPECT_THAT(result.steps, IsEmpty());
  }
}

TEST_F(Stage2Test, TableBeyondTheOutputSize) {
  registers_ = stage2_only(32 | kSl0Level1);  // PS 0: 32 bits
  registers_.vttbr = 0x1'0000'0000;
  EXPECT_EQ(ending(walked(0)), "0x92000000 VTTBR_EL2 holds 0x100000000, more than 32 bits");
}

TEST_F(Stage2Test, MoreInputThanOutputIsNoted) {
  registers_ = stage2_only(24 | kSl0Level1 | 1 << 16);
  memory_.write64(kRoot2, kBlock2);
  EXPECT_THAT(walked(0).notes, Contains("VTCR_EL2: 40 bits of IPA and 36 of PA: an implementation may refuse it"));
}

TEST_F(Stage2Test, Faults) {
  memory_.write64(kRoot2, 0);
  EXPECT_EQ(ending(walked(0x1234)), "0x92000005 stage 2 L1[0x0] is invalid");
  EXPECT_EQ(walked(0x1234).fault->ipa, 0x1234u);
  EXPECT_EQ(ending(walked(0x1234, kExecute)), "0x82000005 stage 2 L1[0x0] is invalid");
  EXPECT_EQ(ending(walked(0x1234, kUserWrite)), "0x92000045 stage 2 L1[0x0] is invalid");
  memory_.write64(kRoot2, 0x100'0000'07fd);
  EXPECT_EQ(ending(walked(0)), "0x92000001 stage 2 L1[0x0] holds 0x10000000000, more than 40 bits");
  memory_.write64(kRoot2, kBlock2 & ~0x400);
  EXPECT_EQ(ending(walked(0)), "0x92000009 stage 2 L1[0x0]: the access flag is clear");
  registers_.vtcr |= 1 << 21;  // HA
  EXPECT_EQ(ending(walked(0)), "0x0");
}

TEST_F(Stage2Test, Permissions) {
  const std::uint64_t read = 1 << 6, write = 1 << 7, xn = std::uint64_t{1} << 54, xnx = std::uint64_t{1} << 53;
  const auto leaf = [this](std::uint64_t rights) { memory_.write64(kRoot2, (kBlock2 & ~0xc0) | rights); };
  leaf(read);
  EXPECT_EQ(ending(walked(0)), "0x0");
  EXPECT_EQ(ending(walked(0, kWrite)), "0x9200004d stage 2 L1[0x0]: write from EL1 is denied: S2AP");
  leaf(write);
  EXPECT_EQ(ending(walked(0, kUserRead)), "0x9200000d stage 2 L1[0x0]: read from EL0 is denied: S2AP");
  EXPECT_EQ(ending(walked(0, kWrite)), "0x0");
  leaf(read | write | xn);
  EXPECT_EQ(ending(walked(0, kExecute)), "0x8200000d stage 2 L1[0x0]: execute from EL1 is denied: XN");
  EXPECT_EQ(ending(walked(0, kUserExecute)), "0x8200000d stage 2 L1[0x0]: execute from EL0 is denied: XN");
  leaf(read | xnx);
  EXPECT_EQ(ending(walked(0, kExecute)), "0x8200000d stage 2 L1[0x0]: execute from EL1 is denied: XN");
  EXPECT_EQ(walked(0, kUserExecute).attributes, "Normal NC, outer shareable, stage 2 RO, XN at EL1");
  leaf(read | xn | xnx);
  EXPECT_EQ(ending(walked(0, kUserExecute)), "0x8200000d stage 2 L1[0x0]: execute from EL0 is denied: XN");
  EXPECT_EQ(walked(0, kExecute).attributes, "Normal NC, outer shareable, stage 2 RO, XN at EL0");
}

TEST_F(Stage2Test, DefaultCacheability) {
  registers_.sctlr = 1;  // of no account under DC
  registers_.hcr = std::uint64_t{1} << kHcrDc;
  memory_.write64(kRoot2, kBlock2);
  const WalkResult result = walked(0x1234);
  EXPECT_EQ(ending(result), "0x1234");
  EXPECT_EQ(result.attributes, "Normal WB, inner shareable, stage 2 RW");
  EXPECT_THAT(result.notes, Contains("HCR_EL2.DC: stage 1 is off"));
}

TEST_F(Stage2Test, IsOffForHostsAndForOtherRegimes) {
  registers_.hcr |= std::uint64_t{1} << kHcrTge | std::uint64_t{1} << kHcrE2h;
  EXPECT_EQ(ending(walked(0x1234)), "0x1234");
  registers_.hcr = kVm;
  EXPECT_EQ(ending(walk(registers_, Regime::kEl2, 0x1234, {Access::Kind::kRead, 2}, memory_)), "0x1234");
  EXPECT_THAT(memory_.reads(), IsEmpty());
}

// Stage 1: 39 bits, its table at IPA 0x40000000, one block at IPA 0x80000000. Stage 2: IPA 0x40000000 is PA 0xc0000000,
// IPA 0x80000000 is PA 0x1c0000000.
class BothStagesTest : public ::testing::Test {
 protected:
  BothStagesTest() {
    memory_.write64(0xc000'0000, 0x8000'0000 | kBlock);
    memory_.write64(kRoot2 + 8, 0xc000'0000 | kBlock2);
    memory_.write64(kRoot2 + 16, 0x1'c000'0000 | kBlock2);
  }
  WalkResult walked(const Access& access = kRead) { return walk(registers_, Regime::kEl10, 0x1234, access, memory_); }

  FakeMemory memory_;
  TranslationRegisters registers_{.sctlr = kMmuOn,
                                  .tcr = 25 | std::uint64_t{2} << 32,
                                  .ttbr0 = 0x4000'0000,
                                  .mair = kMair,
                                  .hcr = kVm,
                                  .vtcr = 32 | kSl0Level1 | kPs40,
                                  .vttbr = kRoot2,
                                  .pa_bits = 40};
};

TEST_F(BothStagesTest, Translate) {
  const WalkResult result = walked();
  EXPECT_EQ(ending(result), "0x1c0001234");
  EXPECT_EQ(result.attributes, "Normal WB, inner shareable, AF, RW; stage 2 RW");
  EXPECT_THAT(
      steps_text(result),
      ElementsAre("S2 L1[0x1] 0x90000008 = 0xc00007fd block of 0x40000000 bytes, PA 0xc0000000, AF, stage 2 RW",
                  "L1[0x0] 0x40000000 = 0x80000711 block of 0x40000000 bytes, IPA 0x80000000, Normal WB, inner "
                  "shareable, AF, RW",
                  "S2 L1[0x2] 0x90000010 = 0x1c00007fd block of 0x40000000 bytes, PA 0x1c0000000, AF, stage 2 RW"));
  EXPECT_THAT(result.notes,
              ElementsAre("TTBR0_EL1, T0SZ 25, 4K granule", "VTTBR_EL2, T0SZ 32, start level 1, 4K granule"));
}

TEST_F(BothStagesTest, AFaultOfStage1GoesToEl1) {
  memory_.write64(0xc000'0000, 0);
  const WalkResult result = walked();
  EXPECT_EQ(ending(result), "0x96000005 L1[0x0] is invalid");
  EXPECT_EQ(result.fault->stage, 1);
  EXPECT_FALSE(result.fault->ipa);
}

TEST_F(BothStagesTest, AFaultOfTheLastIpa) {
  memory_.write64(kRoot2 + 16, 0);
  const WalkResult result = walked(kWrite);
  EXPECT_EQ(ending(result), "0x92000045 stage 2 L1[0x2] is invalid");
  EXPECT_EQ(result.fault->ipa, 0x8000'1234u);
  EXPECT_FALSE(result.fault->stage1_walk);
}

TEST_F(BothStagesTest, AFaultOfTheWalkOfStage1) {
  memory_.write64(kRoot2 + 8, 0);
  const WalkResult result = walked(kExecute);
  EXPECT_EQ(ending(result), "0x82000085 stage 2 L1[0x1] is invalid");
  EXPECT_EQ(result.fault->stage, 2);
  EXPECT_TRUE(result.fault->stage1_walk);
  EXPECT_EQ(result.fault->ipa, 0x4000'0000u);
}

TEST_F(BothStagesTest, TheWalkOfStage1NeedsReads) {
  memory_.write64(kRoot2 + 8, 0xc000'0000 | (kBlock2 & ~0x40));
  EXPECT_EQ(ending(walked()), "0x9200008d stage 2 L1[0x1]: read from EL1 is denied: S2AP");
}

TEST_F(BothStagesTest, AStage1TableBeyondStage2) {
  registers_.ttbr0 = 0x1'0000'0000;
  EXPECT_EQ(ending(walked()), "0x92000084 IPA 0x100000000 has more than 32 bits");
}

TEST_F(BothStagesTest, ProtectedTableWalk) {
  memory_.write64(kRoot2 + 8, 0xc000'0000 | (kBlock2 & ~0x3c));  // MemAttr 0: Device-nGnRnE
  EXPECT_EQ(ending(walked()), "0x1c0001234");
  registers_.hcr |= 1 << kHcrPtw;
  EXPECT_EQ(ending(walked()), "0x9200008d stage 2 L1[0x1]: HCR_EL2.PTW: a stage 1 table in Device memory");
}

TEST_F(BothStagesTest, TheWeakerMemoryHolds) {
  memory_.write64(kRoot2 + 16, 0x1'c000'0000 | (kBlock2 & ~0x3c) | 5 << 2);  // NC
  EXPECT_EQ(walked().attributes, "Normal NC, outer shareable, AF, RW; stage 2 RW");
  memory_.write64(kRoot2 + 16, 0x1'c000'0000 | (kBlock2 & ~0x3c) | 1 << 2);
  EXPECT_EQ(walked().attributes, "Device-nGnRE, AF, RW; stage 2 RW");
  registers_.hcr |= std::uint64_t{1} << kHcrFwb;
  memory_.write64(0xc000'0000, 0x8000'0000 | 0x401 | 3 << 2 | 3 << 8);       // stage 1: NC
  memory_.write64(kRoot2 + 16, 0x1'c000'0000 | (kBlock2 & ~0x3c) | 6 << 2);  // forced WB
  EXPECT_EQ(walked().attributes, "Normal WB, outer shareable, AF, RW; stage 2 RW");
}

}  // namespace
}  // namespace bootrig::aarch64
