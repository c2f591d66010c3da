// Stage 1: what registers and tables make of an address.
#include "aarch64/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aarch64/walk_test.h"

namespace bootrig::aarch64 {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// MAIR: 0 Device-nGnRnE, 1 Device-nGnRE, 2 Device-GRE, 3 Normal NC, 4 Normal WB: that of seL4's loaders.
constexpr std::uint64_t kMair = 0xff'440c'0400;
constexpr std::uint64_t kTcr48 = 0x12'8510'0510;  // both halves 48 bits, 4K; 40 bits of output
constexpr std::uint64_t kMmuOn = 1;

// The tables that a Microkit loader leaves for EL1 (boot_lvl*), as a running loader had them.
class LoaderWalkTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kUpper0 = 0x7000c000, kUpper1 = 0x7000b000, kUpper2 = 0x7000a000;
  static constexpr std::uint64_t kKernel = 0xffff'ff80'4000'0000;

  LoaderWalkTest() {
    for (const auto table : {kUpper0, kUpper1, kUpper2}) memory_.write_zeros(table, 4096);
    memory_.write64(kUpper1 + 1 * 8, 0x7000a003);
    memory_.write64(kUpper2, 0x40000711);
  }

  WalkResult walk_kernel(const Access& access) { return walk(registers_, Regime::kEl10, kKernel, access, memory_); }

  FakeMemory memory_;
  TranslationRegisters registers_{.sctlr = kMmuOn, .tcr = kTcr48, .ttbr1 = kUpper0, .mair = kMair};
};

TEST_F(LoaderWalkTest, TheEmptyUpperTable) {
  for (const std::uint64_t tcr : {0x12'8510'0510, 0x14'8510'0510}) {
    registers_.tcr = tcr;
    const WalkResult result = walk_kernel(kExecute);
    EXPECT_EQ(ending(result), "0x86000004 L0[0x1ff] is invalid");
    EXPECT_THAT(steps_text(result), ElementsAre("L0[0x1ff] 0x7000cff8 = 0x0 invalid"));
    EXPECT_EQ(result.fault->status.text, "translation fault, level 0");
    EXPECT_EQ(result.fault->stage, 1);
    EXPECT_FALSE(result.address);
    EXPECT_THAT(result.notes, ElementsAre("TTBR1_EL1, T1SZ 16, 4K granule"));
  }
}

TEST_F(LoaderWalkTest, WithTheEntryThatWasMissing) {
  memory_.write64(kUpper0 + 0x1ff * 8, 0x7000b003);
  const WalkResult result = walk_kernel(kExecute);
  EXPECT_EQ(ending(result), "0x40000000");
  EXPECT_EQ(result.attributes, "Normal WB, inner shareable, AF, RW");
  EXPECT_THAT(steps_text(result),
              ElementsAre("L0[0x1ff] 0x7000cff8 = 0x7000b003 table at 0x7000b000",
                          "L1[0x1] 0x7000b008 = 0x7000a003 table at 0x7000a000",
                          "L2[0x0] 0x7000a000 = 0x40000711 block of 0x200000 bytes, PA 0x40000000, Normal WB, "
                          "inner shareable, AF, RW"));
  EXPECT_FALSE(result.fault);
}

TEST_F(LoaderWalkTest, MemoryThatCannotBeReadIsNoFault) {
  memory_.write64(kUpper0 + 0x1ff * 8, 0x6000'0003);
  const WalkResult result = walk_kernel(kExecute);
  EXPECT_EQ(ending(result), "the descriptor at 0x60000008 cannot be read: no memory at 0x60000008");
  EXPECT_FALSE(result.fault);
  EXPECT_FALSE(result.address);
  EXPECT_EQ(result.steps.size(), 1u);
}

TEST_F(LoaderWalkTest, BigEndianTables) {
  registers_.sctlr |= std::uint64_t{1} << kSctlrEe;
  memory_.write64(kUpper0 + 0x1ff * 8, __builtin_bswap64(0x7000b003));
  memory_.write64(kUpper1 + 8, __builtin_bswap64(0x40000711));
  const WalkResult result = walk_kernel(kRead);
  EXPECT_EQ(ending(result), "0x40000000");
}

// Each row: registers, an address and the descriptors on its way; what comes of a read from EL1.
struct Table {
  std::uint64_t address, value;
};
struct Case {
  std::string name;
  TranslationRegisters registers;
  Regime regime = Regime::kEl10;
  std::uint64_t address = 0;
  Access access = kRead;
  std::vector<Table> tables;
  std::string ending;
  std::vector<int> levels = {};  // of the steps
};
void PrintTo(const Case& row, std::ostream* out) {
  *out << row.name;
}

class WalkTest : public ::testing::TestWithParam<Case> {};

TEST_P(WalkTest, Ends) {
  FakeMemory memory;
  for (const auto& [address, value] : GetParam().tables) {
    memory.write64(address, value);
  }
  const auto result = walk(GetParam().registers, GetParam().regime, GetParam().address, GetParam().access, memory);
  EXPECT_EQ(ending(result), GetParam().ending);
  std::vector<int> levels;
  for (const auto& step : result.steps) levels.push_back(step.level);
  EXPECT_EQ(levels, GetParam().levels);
  EXPECT_EQ(result.steps.size(), memory.reads().size());
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

// EL1&0 with its lower half alone: `tcr` holds what differs from 40 bits of output.
TranslationRegisters lower(std::uint64_t tcr, std::uint64_t table = 0x8000'0000) {
  return {.sctlr = kMmuOn, .tcr = tcr | std::uint64_t{2} << 32, .ttbr0 = table, .mair = kMair};
}
TranslationRegisters upper(std::uint64_t tcr, std::uint64_t table = 0x8000'0000) {
  return {.sctlr = kMmuOn, .tcr = tcr | std::uint64_t{2} << 32, .ttbr1 = table, .mair = kMair};
}
constexpr std::uint64_t kTg0_64K = 1 << 14, kTg0_16K = 2 << 14;
constexpr std::uint64_t kTg1_16K = std::uint64_t{1} << 30, kTg1_4K = std::uint64_t{2} << 30;
constexpr std::uint64_t kTg1_64K = std::uint64_t{3} << 30;
constexpr std::uint64_t upper_size(std::uint64_t size) {
  return size << 16;
}
constexpr std::uint64_t kDs = std::uint64_t{1} << 59;
constexpr std::uint64_t kPs52 = std::uint64_t{6} << 32;
constexpr std::uint64_t kPage = 0x713, kBlock = 0x711;  // Normal WB, inner shareable, AF, RW

TranslationRegisters with_pa_bits(TranslationRegisters registers, unsigned pa_bits) {
  registers.pa_bits = pa_bits;
  return registers;
}

INSTANTIATE_TEST_SUITE_P(Granules, WalkTest,
                         ::testing::Values(Case{"Lower4KFromLevel0",
                                                lower(16),
                                                Regime::kEl10,
                                                0x1234'5678'9abc,
                                                kRead,
                                                {{0x8000'0000 + 0x24 * 8, 0x8000'1003},
                                                 {0x8000'1000 + 0xd1 * 8, 0x8000'2003},
                                                 {0x8000'2000 + 0xb3 * 8, 0x8000'3003},
                                                 {0x8000'3000 + 0x189 * 8, 0xab'cdef'0000 | kPage}},
                                                "0xabcdef0abc",
                                                {0, 1, 2, 3}},
                                           Case{"Lower4K39BitsFromLevel1",
                                                lower(25),
                                                Regime::kEl10,
                                                0x40'1234'5678,
                                                kRead,
                                                {{0x8000'0000 + 0x100 * 8, 0x4000'0000 | kBlock}},
                                                "0x52345678",
                                                {1}},
                                           Case{"Lower4K25BitsFromLevel2",
                                                lower(39),
                                                Regime::kEl10,
                                                0x123'4567,
                                                kRead,
                                                {{0x8000'0000 + 9 * 8, 0x4020'0000 | kBlock}},
                                                "0x40234567",
                                                {2}},
                                           Case{"Lower4K20BitsFromLevel3",
                                                lower(44),
                                                Regime::kEl10,
                                                0xf'4567,
                                                kRead,
                                                {{0x8000'0000 + 0xf4 * 8, 0x4020'5000 | kPage}},
                                                "0x40205567",
                                                {3}},
                                           Case{"Lower16K48BitsFromLevel0",
                                                lower(16 | kTg0_16K),
                                                Regime::kEl10,
                                                0x8000'0600'8004,
                                                kRead,
                                                {{0x8000'0000 + 1 * 8, 0x8000'4003},
                                                 {0x8000'4000 + 0 * 8, 0x8000'8003},
                                                 {0x8000'8000 + 3 * 8, 0x8000'c003},
                                                 {0x8000'c000 + 2 * 8, 0x5000'4000 | kPage}},
                                                "0x50004004",
                                                {0, 1, 2, 3}},
                                           Case{"Lower16K47BitsFromLevel1",
                                                lower(17 | kTg0_16K),
                                                Regime::kEl10,
                                                0x10'0200'0010,
                                                kRead,
                                                {{0x8000'0000 + 1 * 8, 0x8000'4003},
                                                 {0x8000'4000 + 1 * 8, 0x5000'0000 | kBlock}},
                                                "0x50000010",
                                                {1, 2}},
                                           Case{"Lower64K48BitsFromLevel1",
                                                lower(16 | kTg0_64K),
                                                Regime::kEl10,
                                                0x400'2001'fffc,
                                                kRead,
                                                {{0x8000'0000 + 1 * 8, 0x8001'0003},
                                                 {0x8001'0000 + 1 * 8, 0x8002'0003},
                                                 {0x8002'0000 + 1 * 8, 0x5555'0000 | kPage}},
                                                "0x5555fffc",
                                                {1, 2, 3}},
                                           Case{"Lower64K42BitsFromLevel2",
                                                lower(22 | kTg0_64K),
                                                Regime::kEl10,
                                                0x2000'0123,
                                                kRead,
                                                {{0x8000'0000 + 1 * 8, 0x6000'0000 | kBlock}},
                                                "0x60000123",
                                                {2}},
                                           Case{"Upper4K",
                                                upper(upper_size(25) | kTg1_4K),
                                                Regime::kEl10,
                                                0xffff'ff80'0000'0004,
                                                kRead,
                                                {{0x8000'0000, 0x4000'0000 | kBlock}},
                                                "0x40000004",
                                                {1}},
                                           Case{"Upper16K",
                                                upper(upper_size(28) | kTg1_16K),
                                                Regime::kEl10,
                                                0xffff'fff0'0200'0004,
                                                kRead,
                                                {{0x8000'0000 + 8, 0x4000'0000 | kBlock}},
                                                "0x40000004",
                                                {2}},
                                           Case{"Upper64K",
                                                upper(upper_size(22) | kTg1_64K),
                                                Regime::kEl10,
                                                0xffff'ffff'ffff'fff8,
                                                kRead,
                                                {{0x8000'0000 + 0x1fff * 8, 0x4000'0000 | kBlock}},
                                                "0x5ffffff8",
                                                {2}}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    Addresses52, WalkTest,
    ::testing::Values(Case{"Lpa2From4KLevelMinus1",
                           with_pa_bits(lower(12 | kDs | kPs52, 0x8000'0000 | 0xc << 2), 52),
                           Regime::kEl10,
                           0xf'0000'0000'0123,
                           kRead,
                           {{0xc'0000'8000'0000 + 0xf * 8,
                             0x2'0000'9000'0003 | 0x100},  // [9:8] = 1: 0x4000000000000 of the address
                            {0x6'0000'9000'0000, 0x8000'1003},
                            {0x8000'1000, 0x8000'2003},
                            {0x8000'2000, 0x8000'3003},
                            {0x8000'3000, 0x3'ffff'ffff'f000 | 0x413 | 0x300}},
                           "0xffffffffff123",
                           {-1, 0, 1, 2, 3}},
                      Case{"Lpa2From4KBlockOfLevel0",
                           with_pa_bits(lower(16 | kDs | kPs52), 52),
                           Regime::kEl10,
                           0x8000'0123,
                           kRead,
                           {{0x8000'0000, 0x2'0000'0000'0000 | 0x411}},
                           "0x2000080000123",
                           {0}},
                      Case{"Lpa2From16KLevel0",
                           with_pa_bits(lower(12 | kTg0_16K | kDs | kPs52), 52),
                           Regime::kEl10,
                           0xf'8000'0000'0000,
                           kRead,
                           {{0x8000'0000 + 0x1f * 8, 0x8000'4003}, {0x8000'4000, 0x1'0000'0000'0000 | 0x411 | 0x200}},
                           "0x9000000000000",
                           {0, 1}},
                      Case{"LevelMinus1Invalid",
                           with_pa_bits(lower(12 | kDs | kPs52), 52),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0}},
                           "0x9600002b L-1[0x0] is invalid",
                           {-1}},
                      Case{"LevelMinus1BlockIsInvalid",
                           with_pa_bits(lower(12 | kDs | kPs52), 52),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, kBlock}},
                           "0x9600002b L-1[0x0] is a block, which level -1 cannot hold with a 4K granule",
                           {-1}},
                      Case{"LevelMinus1AddressSize",
                           with_pa_bits(lower(12 | kDs | kPs52), 48),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x1'0000'0000'0003}},
                           "0x96000029 L-1[0x0] holds 0x1000000000000, more than 48 bits",
                           {-1}},
                      Case{"Large64KTablesAndBlocks",
                           with_pa_bits(lower(12 | kTg0_64K | kPs52, 0x8000'0000 | 0x1 << 2), 52),
                           Regime::kEl10,
                           0xf'fc00'0000'0042,
                           kRead,
                           {{0x1'0000'8000'0000 + 0x3ff * 8, 0xa000 | 0x411}},
                           "0xa000000000042",
                           {1}},
                      Case{"Large64KTableInHighMemory",
                           with_pa_bits(lower(16 | kTg0_64K | kPs52), 52),
                           Regime::kEl10,
                           0x42,
                           kRead,
                           {{0x8000'0000, 0x9000'0000 | 0xf000 | 3}, {0xf'0000'9000'0000, 0x4000'0000 | kBlock}},
                           "0x40000042",
                           {1, 2}},
                      Case{"BlockOfLevel1With64KAnd48Bits",
                           lower(16 | kTg0_64K),
                           Regime::kEl10,
                           0x42,
                           kRead,
                           {{0x8000'0000, kBlock}},
                           "0x96000005 L1[0x0] is a block, which level 1 cannot hold with a 64K granule",
                           {1}}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    NoTableIsRead, WalkTest,
    ::testing::Values(
        Case{"NotCanonical",
             lower(16),
             Regime::kEl10,
             0x0001'0000'0000'0000,
             kRead,
             {},
             "0x96000004 the address is not canonical"},
        Case{"NotCanonicalUpper",
             upper(upper_size(16) | kTg1_4K),
             Regime::kEl10,
             0xfffe'ffff'0000'0000,
             kExecute,
             {},
             "0x86000004 the address is not canonical"},
        Case{"NotCanonicalBeyondT0SZ",
             lower(25),
             Regime::kEl10,
             0x80'0000'0000,
             kWrite,
             {},
             "0x96000044 the address is not canonical"},
        Case{"NotCanonicalWithTag",
             lower(16),
             Regime::kEl10,
             0x5500'0000'0000'0000,
             kRead,
             {},
             "0x96000004 the address is not canonical"},
        Case{"NotCanonicalInTheByteBelowTheTag",
             lower(16 | std::uint64_t{1} << 37),
             Regime::kEl10,
             0x5501'0000'0000'0000,
             kRead,
             {},
             "0x96000004 the address is not canonical"},
        Case{"Epd0", lower(16 | 1 << 7), Regime::kEl10, 0x1000, kRead, {}, "0x96000004 EPD0 is set"},
        Case{"Epd1",
             upper(upper_size(16) | kTg1_4K | 1 << 23),
             Regime::kEl10,
             0xffff'0000'0000'0000,
             kRead,
             {},
             "0x96000004 EPD1 is set"},
        Case{"E0pd0",
             lower(16 | std::uint64_t{1} << 55),
             Regime::kEl10,
             0x1000,
             kUserRead,
             {},
             "0x92000004 E0PD0 is set"},
        Case{"SizeTooSmall", lower(15), Regime::kEl10, 0, kRead, {}, "0x96000004 T0SZ 15 is out of range: 16 to 48"},
        Case{"SizeTooLarge",
             lower(48 | kTg0_64K),
             Regime::kEl10,
             0,
             kRead,
             {},
             "0x96000004 T0SZ 48 is out of range: 12 to 47"},
        Case{"SizeTooSmallForLpa2",
             lower(11 | kDs),
             Regime::kEl10,
             0,
             kRead,
             {},
             "0x96000004 T0SZ 11 is out of range: 12 to 48"},
        Case{"TableBeyondTheOutputSize",
             lower(16, 0x100'0000'0000),
             Regime::kEl10,
             0,
             kRead,
             {},
             "0x96000000 TTBR0_EL1 holds 0x10000000000, more than 40 bits"},
        Case{"TableBeyondTheMachine",
             with_pa_bits(lower(16, 0x80'0000'0000), 36),
             Regime::kEl10,
             0,
             kRead,
             {},
             "0x96000000 TTBR0_EL1 holds 0x8000000000, more than 36 bits"},
        Case{"El2HighAddress",
             {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000},
             Regime::kEl2,
             0xffff'0000'0000'0000,
             {Access::Kind::kRead, 2},
             {},
             "0x96000004 the address is not canonical"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Descriptors, WalkTest,
    ::testing::Values(Case{"ReservedPage",
                           lower(44),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x4000'0000 | kBlock}},
                           "0x96000007 L3[0x0] is reserved: bit 1 of a page must be set",
                           {3}},
                      Case{"BlockOfLevel0",
                           lower(16),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, kBlock}},
                           "0x96000004 L0[0x0] is a block, which level 0 cannot hold with a 4K granule",
                           {0}},
                      Case{"BlockOfLevel1With16K",
                           lower(17 | kTg0_16K),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, kBlock}},
                           "0x96000005 L1[0x0] is a block, which level 1 cannot hold with a 16K granule",
                           {1}},
                      Case{"InvalidAtLevel2",
                           lower(16),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x8000'1003}, {0x8000'1000, 0x8000'2003}, {0x8000'2000, 0xfe}},
                           "0x96000006 L2[0x0] is invalid",
                           {0, 1, 2}},
                      Case{"TableBeyondTheOutputSize2",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x100'0000'0003}},
                           "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits",
                           {1}},
                      Case{"BlockBeyondTheOutputSize",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x100'0000'0000 | kBlock}},
                           "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits",
                           {1}},
                      Case{"AddressSizeComesBeforeTheAccessFlag",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x100'0000'0001}},
                           "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits",
                           {1}},
                      Case{"AccessFlagClear",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x4000'0301}},
                           "0x96000009 L1[0x0]: the access flag is clear",
                           {1}},
                      Case{"AccessFlagComesBeforePermission",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kUserWrite,
                           {{0x8000'0000, 0x4000'0301}},
                           "0x92000049 L1[0x0]: the access flag is clear",
                           {1}},
                      Case{"AccessFlagSetByHardware",
                           lower(25 | std::uint64_t{1} << 39),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x4000'0301}},
                           "0x40000000",
                           {1}},
                      Case{"ReservedBitsAreIgnored",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kRead,
                           {{0x8000'0000, 0x4000'0000 | kBlock | 0x000f'0000'0000'0000 | 0x2000'0000}},
                           "0x40000000",
                           {1}}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Regimes, WalkTest,
    ::testing::Values(Case{"El2",
                           {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000, .mair = kMair},
                           Regime::kEl2,
                           0x40'0000'0000,
                           {Access::Kind::kExecute, 2},
                           {{0x8000'0000, 0x8000'1003}, {0x8000'1000 + 0x100 * 8, 0x4000'0000 | kBlock}},
                           "0x40000000",
                           {0, 1}},
                      Case{"El2Invalid",
                           {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000},
                           Regime::kEl2,
                           0,
                           {Access::Kind::kWrite, 2},
                           {{0x8000'0000, 0}},
                           "0x96000044 L0[0x0] is invalid",
                           {0}},
                      Case{"El2ExecuteNever",
                           {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000},
                           Regime::kEl2,
                           0,
                           {Access::Kind::kExecute, 2},
                           {{0x8000'0000, std::uint64_t{1} << 54 | 0x4000'0000 | kBlock}},
                           "0x8600000d L1[0x0]: execute from EL2 is denied: XN",
                           {1}},
                      Case{"El2PxnIsNothing",
                           {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000},
                           Regime::kEl2,
                           0,
                           {Access::Kind::kExecute, 2},
                           {{0x8000'0000, std::uint64_t{1} << 53 | 0x4000'0040 | kBlock}},
                           "0x40000000",
                           {1}},
                      Case{"El2Hpd",
                           {.sctlr = kMmuOn, .tcr = 0x80823510 | 1 << 24, .ttbr0 = 0x8000'0000},
                           Regime::kEl2,
                           0,
                           {Access::Kind::kExecute, 2},
                           {{0x8000'0000, std::uint64_t{1} << 60 | 0x8000'1003}, {0x8000'1000, 0x4000'0000 | kBlock}},
                           "0x40000000",
                           {0, 1}},
                      Case{"El2OfHostsLower",
                           {.sctlr = kMmuOn, .tcr = kTcr48, .ttbr0 = 0x8000'0000, .hcr = std::uint64_t{1} << 34},
                           Regime::kEl20,
                           0,
                           kUserRead,
                           {{0x8000'0000, 0}},
                           "0x92000004 L0[0x0] is invalid",
                           {0}},
                      Case{"El2OfHostsUpper",
                           {.sctlr = kMmuOn, .tcr = kTcr48, .ttbr1 = 0x8000'0000, .hcr = std::uint64_t{1} << 34},
                           Regime::kEl2,
                           ~std::uint64_t{0},
                           {Access::Kind::kRead, 2},
                           {{0x8000'0ff8, 0}},
                           "0x96000004 L0[0x1ff] is invalid",
                           {0}},
                      Case{"El3",
                           {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000},
                           Regime::kEl3,
                           0x1234,
                           {Access::Kind::kExecute, 3},
                           {{0x8000'0000, 0x4000'0000 | kBlock}},
                           "0x40001234",
                           {1}},
                      Case{"El3Invalid",
                           {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000},
                           Regime::kEl3,
                           0x1234,
                           {Access::Kind::kExecute, 3},
                           {{0x8000'0000, 0}},
                           "0x86000005 L1[0x0] is invalid",
                           {1}},
                      Case{"UserOfEl1IsALowerLevel",
                           lower(25),
                           Regime::kEl10,
                           0,
                           kUserExecute,
                           {{0x8000'0000, 0}},
                           "0x82000005 L1[0x0] is invalid",
                           {1}},
                      Case{"AnAccessFromAboveIsOneOfTheRegime",
                           lower(25),
                           Regime::kEl10,
                           0,
                           {Access::Kind::kRead, 2},
                           {{0x8000'0000, 0}},
                           "0x96000005 L1[0x0] is invalid",
                           {1}}),
    case_name);

constexpr std::uint64_t kBig = std::uint64_t{1};
TranslationRegisters off(std::uint64_t sctlr = 0, std::uint64_t hcr = 0) {
  return {.sctlr = sctlr, .tcr = kTcr48, .mair = kMair, .hcr = hcr, .pa_bits = 40};
}

INSTANTIATE_TEST_SUITE_P(
    MmuOff, WalkTest,
    ::testing::Values(
        Case{"Flat", off(), Regime::kEl10, 0x4000'0123, kRead, {}, "0x40000123"},
        Case{"BeyondTheMachine",
             off(),
             Regime::kEl10,
             0x100'0000'0000,
             kExecute,
             {},
             "0x86000000 the MMU is off and the address has more than 40 bits"},
        Case{"HighAddress",
             off(),
             Regime::kEl10,
             0xffff'ff80'4000'0000,
             kWrite,
             {},
             "0x96000040 the MMU is off and the address has more than 40 bits"},
        Case{"AtEl2",
             off(),
             Regime::kEl2,
             0x100'0000'0000,
             {Access::Kind::kRead, 2},
             {},
             "0x96000000 the MMU is off and the address has more than 40 bits"},
        Case{"TgeTurnsItOff", off(kMmuOn, kBig << kHcrTge), Regime::kEl10, 0x1234, kUserRead, {}, "0x1234"},
        Case{"TgeRoutesTheFaultToEl2",
             off(kMmuOn, kBig << kHcrTge),
             Regime::kEl10,
             kBig << 50,
             kUserRead,
             {},
             "0x92000000 the MMU is off and the address has more than 40 bits"}),
    case_name);

TEST(WalkMmuOffTest, AttributesAndNotes) {
  FakeMemory memory;
  const auto walked = [&memory](const TranslationRegisters& registers, const Access& access) {
    return walk(registers, Regime::kEl10, 0x4000'0000, access, memory);
  };
  EXPECT_EQ(walked(off(), kRead).attributes, "Device-nGnRnE");
  EXPECT_EQ(walked(off(), kExecute).attributes, "Normal NC, outer shareable");
  EXPECT_EQ(walked(off(1 << kSctlrI), kExecute).attributes, "Normal WT RA, outer shareable");
  EXPECT_THAT(walked(off(), kRead).notes, ElementsAre("MMU off: flat"));
  EXPECT_THAT(walked(off(kMmuOn, kBig << kHcrTge), kRead).notes,
              ElementsAre("HCR_EL2.TGE: stage 1 is off", "MMU off: flat"));
}

// A mapping of 1 GiB at 0, whose descriptor the test gives.
class WalkAttributesTest : public ::testing::Test {
 protected:
  WalkResult walked(std::uint64_t descriptor, const Access& access = kRead, std::uint64_t address = 0) {
    memory_.write64(0x8000'0000, descriptor);
    return walk(registers_, Regime::kEl10, address, access, memory_);
  }
  FakeMemory memory_;
  TranslationRegisters registers_ = lower(25);
};

TEST_F(WalkAttributesTest, MemoryTypesByMair) {
  EXPECT_EQ(walked(0x401).attributes, "Device-nGnRnE, AF, RW");
  EXPECT_EQ(walked(0x401 | 1 << 2).attributes, "Device-nGnRE, AF, RW");
  EXPECT_EQ(walked(0x401 | 2 << 2).attributes, "Device-GRE, AF, RW");
  EXPECT_EQ(walked(0x401 | 3 << 2).attributes, "Normal NC, outer shareable, AF, RW");
  EXPECT_EQ(walked(0x401 | 4 << 2).attributes, "Normal WB, non-shareable, AF, RW");
  EXPECT_EQ(walked(0x601 | 4 << 2).attributes, "Normal WB, outer shareable, AF, RW");
}

TEST_F(WalkAttributesTest, RightsInWords) {
  const std::uint64_t uxn = kBig << 54, pxn = kBig << 53;
  EXPECT_EQ(walked(kBlock | 1 << 7 | uxn).attributes, "Normal WB, inner shareable, AF, RO, UXN");
  EXPECT_EQ(walked(kBlock | 1 << 6 | pxn).attributes, "Normal WB, inner shareable, AF, RW, EL0 RW, PXN");
  EXPECT_EQ(walked(kBlock | 3 << 6 | pxn | uxn | 1 << 11 | kBig << 52).attributes,
            "Normal WB, inner shareable, AF, RO, EL0 RO, PXN, UXN, nG, contiguous");
}

TEST_F(WalkAttributesTest, HardwareUpdatesAreNoted) {
  registers_.tcr |= kBig << 39 | kBig << 40;
  const WalkResult result = walked(0x4000'0301 | 1 << 7 | kBig << 51, kWrite);
  EXPECT_EQ(ending(result), "0x40000000");
  EXPECT_THAT(result.notes, ElementsAre("TTBR0_EL1, T0SZ 25, 4K granule",
                                        "L1[0x0]: the access flag is clear, HA lets the hardware set it",
                                        "L1[0x0]: DBM, HD lets the hardware make it writable"));
}

TEST_F(WalkAttributesTest, DirtyStateNeedsTheAccessFlagUpdates) {
  registers_.tcr |= kBig << 40;  // HD without HA
  EXPECT_EQ(ending(walked(kBlock | 1 << 7 | kBig << 51, kWrite)),
            "0x9600004d L1[0x0]: write from EL1 is denied: read-only");
}

TEST_F(WalkAttributesTest, TopByte) {
  registers_.tcr |= kBig << 37;
  const WalkResult result = walked(kBlock | 0x4000'0000, kRead, 0xaa00'0000'0000'1234);
  EXPECT_EQ(ending(result), "0x40001234");
  EXPECT_THAT(result.notes, Contains("TBI: the top byte is ignored"));
  registers_.tcr |= kBig << 51;  // TBID0: data only
  EXPECT_EQ(ending(walked(kBlock, kRead, 0xaa00'0000'0000'1234)), "0x1234");
  EXPECT_EQ(ending(walked(kBlock, kExecute, 0xaa00'0000'0000'1234)), "0x86000004 the address is not canonical");
}

TEST_F(WalkAttributesTest, PanIsUnknownOrGiven) {
  const WalkResult result = walked(kBlock | 1 << 6);
  EXPECT_EQ(ending(result), "0x0");
  EXPECT_THAT(result.notes, Contains("EL0 may access this page: with PSTATE.PAN set it would be a permission fault"));
  EXPECT_EQ(ending(walked(kBlock | 1 << 6, {Access::Kind::kRead, 1, true})),
            "0x9600000d L1[0x0]: read from EL1 is denied: PSTATE.PAN: EL1 may not touch what EL0 may");
}

TEST_F(WalkAttributesTest, InstructionsFromDeviceMemoryAreNoted) {
  EXPECT_THAT(walked(0x401, kExecute).notes,
              Contains("an instruction fetch from Device memory: the implementation may refuse it"));
  EXPECT_THAT(walked(kBlock, kExecute).notes, ElementsAre("TTBR0_EL1, T0SZ 25, 4K granule"));
}

TEST_F(WalkAttributesTest, WhatRestsOnAFeatureIsNoted) {
  registers_ = lower(44);
  EXPECT_THAT(walked(kPage).notes, Contains("T0SZ 44: only with FEAT_TTST"));
  registers_ = lower(14 | kTg0_64K);
  EXPECT_THAT(walked(0).notes, Contains("T0SZ 14: only with FEAT_LVA"));
  registers_ = lower(25 | 3 << 14);
  EXPECT_THAT(walked(kBlock).notes, Contains("TG0 3 is reserved: taken as 4K"));
}

TEST_F(WalkAttributesTest, AMisalignedTableIsNoted) {
  registers_.ttbr0 = 0x8000'0801;  // and CnP, which is no address
  const WalkResult result = walked(kBlock);
  EXPECT_EQ(ending(result), "0x0");
  EXPECT_THAT(result.notes, Contains("TTBR0_EL1 is not aligned to the table's 4096 bytes: 0x800 of it is ignored"));
}

TEST_F(WalkAttributesTest, AsidAndCnpAreNoAddress) {
  registers_.ttbr0 = 0xffff'0000'8000'0001;
  const WalkResult result = walked(kBlock);
  EXPECT_EQ(ending(result), "0x0");
  EXPECT_THAT(result.notes, ElementsAre("TTBR0_EL1, T0SZ 25, 4K granule"));
}

// One table above a block: what the table forbids.
class TableLimitsTest : public ::testing::Test {
 protected:
  std::string walked(std::uint64_t limits, std::uint64_t leaf, const Access& access) {
    memory_.write64(0x8000'0000, 0x8000'1003 | limits);
    memory_.write64(0x8000'1000, leaf);
    last_ = walk(registers_, Regime::kEl10, 0, access, memory_);
    return ending(last_);
  }
  static constexpr std::uint64_t kReadOnly = kBig << 62, kNoUser = kBig << 61, kUxn = kBig << 60, kPxn = kBig << 59;
  FakeMemory memory_;
  TranslationRegisters registers_ = lower(16);
  WalkResult last_;
};

TEST_F(TableLimitsTest, Forbid) {
  EXPECT_EQ(walked(kReadOnly, kBlock, kWrite),
            "0x9600004d L1[0x0]: write from EL1 is denied: read-only, by a table above it");
  EXPECT_EQ(walked(kReadOnly, kBlock, kRead), "0x0");
  EXPECT_EQ(walked(kNoUser, kBlock | 1 << 6, kUserRead),
            "0x9200000d L1[0x0]: read from EL0 is denied: nothing for EL0, by a table above it");
  EXPECT_EQ(walked(kUxn, kBlock, kUserExecute),
            "0x8200000d L1[0x0]: execute from EL0 is denied: UXN, by a table above it");
  EXPECT_EQ(walked(kUxn, kBlock, kExecute), "0x0");
  EXPECT_EQ(walked(kPxn, kBlock, kExecute), "0x8600000d L1[0x0]: execute from EL1 is denied: PXN, by a table above it");
  EXPECT_EQ(last_.steps[0].meaning, "table at 0x80001000, PXNTable");
  EXPECT_EQ(last_.steps[1].meaning, "block of 0x40000000 bytes, PA 0x0, Normal WB, inner shareable, AF, RW, PXN");
}

TEST_F(TableLimitsTest, AreIgnoredUnderHpd) {
  registers_.tcr |= kBig << 41;
  EXPECT_EQ(walked(kReadOnly | kNoUser | kUxn | kPxn, kBlock | 1 << 6, kWrite), "0x0");
  EXPECT_EQ(last_.steps[0].meaning, "table at 0x80001000");
  EXPECT_EQ(walked(kNoUser, kBlock | 1 << 6, kUserRead), "0x0");
}

TEST(WalkHostileTest, AnyRegistersAndDescriptorsEnd) {
  // A memory that answers each read with bits of its address: tables that lead anywhere.
  class AnyMemory : public MemoryReader {
   public:
    Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
      for (std::uint8_t& byte : out) {
        seed_ = (seed_ ^ address) * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::uint8_t>(seed_ >> 56);
      }
      out[0] |= 3;
      return {};
    }
    std::uint64_t next() { return seed_ = seed_ * 6364136223846793005u + 1442695040888963407u; }

   private:
    std::uint64_t seed_ = 1;
  } memory;
  for (int i = 0; i < 20000; ++i) {
    TranslationRegisters registers{memory.next(), memory.next(), memory.next(),
                                   memory.next(), memory.next(), memory.next(),
                                   memory.next(), memory.next(), static_cast<unsigned>(memory.next())};
    registers.sctlr |= kMmuOn;
    const auto regime = static_cast<Regime>(memory.next() >> 62);
    const Access access{static_cast<Access::Kind>((memory.next() >> 40) % 3),
                        static_cast<unsigned>(memory.next() >> 62)};
    const WalkResult result = walk(registers, regime, memory.next(), access, memory);
    ASSERT_NE(result.fault.has_value(), result.address.has_value());
    ASSERT_LE(result.steps.size(), 5u + 6u * 5u);
  }
}

}  // namespace
}  // namespace bootrig::aarch64
