// Stage 1 by tables: one row a case, each a read of few descriptors.
#include <gtest/gtest.h>

#include "aarch64/walk.h"
#include "aarch64/walk_test.h"

namespace bootrig::aarch64 {
namespace {

// Registers, an address and the descriptors on its way; what comes of it.
struct Table {
  std::uint64_t address, value;
};
struct Case {
  std::string name;
  TranslationRegisters registers;
  Regime regime;
  std::uint64_t address;
  Access access;
  std::vector<Table> tables;
  std::string ending;
  std::vector<int> levels;  // of the steps
};
Case row(std::string name, const TranslationRegisters& registers, Regime regime, std::uint64_t address,
         const Access& access, std::vector<Table> tables, std::string ending, std::vector<int> levels = {}) {
  return {std::move(name), registers, regime, address, access, std::move(tables), std::move(ending), std::move(levels)};
}
void PrintTo(const Case& row, std::ostream* out) {
  *out << row.name;
}

class WalkTest : public ::testing::TestWithParam<Case> {};

TEST_P(WalkTest, Ends) {
  FakeMemory memory;
  for (const auto& [address, value] : GetParam().tables) memory.write64(address, value);
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

const std::vector<Case> kGranulesCases = {
    row("Lower4KFromLevel0", lower(16), Regime::kEl10, 0x1234'5678'9abc, kRead,
        {{0x8000'0000 + 0x24 * 8, 0x8000'1003},
         {0x8000'1000 + 0xd1 * 8, 0x8000'2003},
         {0x8000'2000 + 0xb3 * 8, 0x8000'3003},
         {0x8000'3000 + 0x189 * 8, 0xab'cdef'0000 | kPage}},
        "0xabcdef0abc", {0, 1, 2, 3}),
    row("Lower4K39BitsFromLevel1", lower(25), Regime::kEl10, 0x40'1234'5678, kRead,
        {{0x8000'0000 + 0x100 * 8, 0x4000'0000 | kBlock}}, "0x52345678", {1}),
    row("Lower4K25BitsFromLevel2", lower(39), Regime::kEl10, 0x123'4567, kRead,
        {{0x8000'0000 + 9 * 8, 0x4020'0000 | kBlock}}, "0x40234567", {2}),
    row("Lower4K20BitsFromLevel3", lower(44), Regime::kEl10, 0xf'4567, kRead,
        {{0x8000'0000 + 0xf4 * 8, 0x4020'5000 | kPage}}, "0x40205567", {3}),
    row("Lower16K48BitsFromLevel0", lower(16 | kTg0_16K), Regime::kEl10, 0x8000'0600'8004, kRead,
        {{0x8000'0000 + 1 * 8, 0x8000'4003},
         {0x8000'4000 + 0 * 8, 0x8000'8003},
         {0x8000'8000 + 3 * 8, 0x8000'c003},
         {0x8000'c000 + 2 * 8, 0x5000'4000 | kPage}},
        "0x50004004", {0, 1, 2, 3}),
    row("Lower16K47BitsFromLevel1", lower(17 | kTg0_16K), Regime::kEl10, 0x10'0200'0010, kRead,
        {{0x8000'0000 + 1 * 8, 0x8000'4003}, {0x8000'4000 + 1 * 8, 0x5000'0000 | kBlock}}, "0x50000010", {1, 2}),
    row("Lower64K48BitsFromLevel1", lower(16 | kTg0_64K), Regime::kEl10, 0x400'2001'fffc, kRead,
        {{0x8000'0000 + 1 * 8, 0x8001'0003},
         {0x8001'0000 + 1 * 8, 0x8002'0003},
         {0x8002'0000 + 1 * 8, 0x5555'0000 | kPage}},
        "0x5555fffc", {1, 2, 3}),
    row("Lower64K42BitsFromLevel2", lower(22 | kTg0_64K), Regime::kEl10, 0x2000'0123, kRead,
        {{0x8000'0000 + 1 * 8, 0x6000'0000 | kBlock}}, "0x60000123", {2}),
    row("Upper4K", upper(upper_size(25) | kTg1_4K), Regime::kEl10, 0xffff'ff80'0000'0004, kRead,
        {{0x8000'0000, 0x4000'0000 | kBlock}}, "0x40000004", {1}),
    row("Upper16K", upper(upper_size(28) | kTg1_16K), Regime::kEl10, 0xffff'fff0'0200'0004, kRead,
        {{0x8000'0000 + 8, 0x4000'0000 | kBlock}}, "0x40000004", {2}),
    row("Upper64K", upper(upper_size(22) | kTg1_64K), Regime::kEl10, 0xffff'ffff'ffff'fff8, kRead,
        {{0x8000'0000 + 0x1fff * 8, 0x4000'0000 | kBlock}}, "0x5ffffff8", {2})};

const std::vector<Case> kAddresses52Cases = {
    row("Lpa2From4KLevelMinus1", with_pa_bits(lower(12 | kDs | kPs52, 0x8000'0000 | 0xc << 2), 52), Regime::kEl10,
        0xf'0000'0000'0123, kRead,
        {{0xc'0000'8000'0000 + 0xf * 8, 0x2'0000'9000'0003 | 0x100},  // [9:8] = 1: 0x4000000000000 of the address
         {0x6'0000'9000'0000, 0x8000'1003},
         {0x8000'1000, 0x8000'2003},
         {0x8000'2000, 0x8000'3003},
         {0x8000'3000, 0x3'ffff'ffff'f000 | 0x413 | 0x300}},
        "0xffffffffff123", {-1, 0, 1, 2, 3}),
    row("Lpa2From4KBlockOfLevel0", with_pa_bits(lower(16 | kDs | kPs52), 52), Regime::kEl10, 0x8000'0123, kRead,
        {{0x8000'0000, 0x2'0000'0000'0000 | 0x411}}, "0x2000080000123", {0}),
    row("Lpa2From16KLevel0", with_pa_bits(lower(12 | kTg0_16K | kDs | kPs52), 52), Regime::kEl10, 0xf'8000'0000'0000,
        kRead, {{0x8000'0000 + 0x1f * 8, 0x8000'4003}, {0x8000'4000, 0x1'0000'0000'0000 | 0x411 | 0x200}},
        "0x9000000000000", {0, 1}),
    row("LevelMinus1Invalid", with_pa_bits(lower(12 | kDs | kPs52), 52), Regime::kEl10, 0, kRead, {{0x8000'0000, 0}},
        "0x9600002b L-1[0x0] is invalid", {-1}),
    row("LevelMinus1BlockIsInvalid", with_pa_bits(lower(12 | kDs | kPs52), 52), Regime::kEl10, 0, kRead,
        {{0x8000'0000, kBlock}}, "0x9600002b L-1[0x0] is a block, which level -1 cannot hold with a 4K granule", {-1}),
    row("LevelMinus1AddressSize", with_pa_bits(lower(12 | kDs | kPs52), 48), Regime::kEl10, 0, kRead,
        {{0x8000'0000, 0x1'0000'0000'0003}}, "0x96000029 L-1[0x0] holds 0x1000000000000, more than 48 bits", {-1}),
    row("Large64KTablesAndBlocks", with_pa_bits(lower(12 | kTg0_64K | kPs52, 0x8000'0000 | 0x1 << 2), 52),
        Regime::kEl10, 0xf'fc00'0000'0042, kRead, {{0x1'0000'8000'0000 + 0x3ff * 8, 0xa000 | 0x411}}, "0xa000000000042",
        {1}),
    row("Large64KTableInHighMemory", with_pa_bits(lower(16 | kTg0_64K | kPs52), 52), Regime::kEl10, 0x42, kRead,
        {{0x8000'0000, 0x9000'0000 | 0xf000 | 3}, {0xf'0000'9000'0000, 0x4000'0000 | kBlock}}, "0x40000042", {1, 2}),
    row("Large64KDescriptorBeyondTheOutputSize", with_pa_bits(lower(22 | kTg0_64K), 52), Regime::kEl10, 0x42, kRead,
        {{0x8000'0000, 0x4000'1000 | kBlock}}, "0x96000002 L2[0x0] holds 0x1000040000000, more than 40 bits", {2}),
    row("BlockOfLevel1With64KAnd48Bits", lower(16 | kTg0_64K), Regime::kEl10, 0x42, kRead, {{0x8000'0000, kBlock}},
        "0x96000005 L1[0x0] is a block, which level 1 cannot hold with a 64K granule", {1})};

const std::vector<Case> kNoTableIsReadCases = {
    row("OutOfRange", lower(16), Regime::kEl10, 0x0001'0000'0000'0000, kRead, {},
        "0x96000004 the address is above the range of TTBR0_EL1 (T0SZ 16), which ends at 0xffffffffffff"),
    row("OutOfRangeUpper", upper(upper_size(16) | kTg1_4K), Regime::kEl10, 0xfffe'ffff'0000'0000, kExecute, {},
        "0x86000004 the address is below the range of TTBR1_EL1 (T1SZ 16), which begins at 0xffff000000000000"),
    row("OutOfRangeByT0SZ", lower(25), Regime::kEl10, 0x80'0000'0000, kWrite, {},
        "0x96000044 the address is above the range of TTBR0_EL1 (T0SZ 25), which ends at 0x7fffffffff"),
    row("OutOfRangeWithTag", lower(16), Regime::kEl10, 0x5500'0000'0000'0000, kRead, {},
        "0x96000004 the address is above the range of TTBR0_EL1 (T0SZ 16), which ends at 0xffffffffffff"),
    row("OutOfRangeInTheByteBelowTheTag", lower(16 | std::uint64_t{1} << 37), Regime::kEl10, 0x5501'0000'0000'0000,
        kRead, {}, "0x96000004 the address is above the range of TTBR0_EL1 (T0SZ 16), which ends at 0xffffffffffff"),
    row("Epd0", lower(16 | 1 << 7), Regime::kEl10, 0x1000, kRead, {}, "0x96000004 EPD0 is set"),
    row("Epd1", upper(upper_size(16) | kTg1_4K | 1 << 23), Regime::kEl10, 0xffff'0000'0000'0000, kRead, {},
        "0x96000004 EPD1 is set"),
    row("E0pd0", lower(16 | std::uint64_t{1} << 55), Regime::kEl10, 0x1000, kUserRead, {}, "0x92000004 E0PD0 is set"),
    row("SizeTooSmall", lower(15), Regime::kEl10, 0, kRead, {}, "0x96000004 T0SZ 15 is out of range: 16 to 48"),
    row("SizeTooLarge", lower(48 | kTg0_64K), Regime::kEl10, 0, kRead, {},
        "0x96000004 T0SZ 48 is out of range: 12 to 47"),
    row("SizeTooSmallForLpa2", lower(11 | kDs), Regime::kEl10, 0, kRead, {},
        "0x96000004 T0SZ 11 is out of range: 12 to 48"),
    row("TableBeyondTheOutputSize", lower(16, 0x100'0000'0000), Regime::kEl10, 0, kRead, {},
        "0x96000000 TTBR0_EL1 holds 0x10000000000, more than 40 bits"),
    row("TableBeyondTheMachine", with_pa_bits(lower(16, 0x80'0000'0000), 36), Regime::kEl10, 0, kRead, {},
        "0x96000000 TTBR0_EL1 holds 0x8000000000, more than 36 bits"),
    row("El2HighAddress", {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000}, Regime::kEl2,
        0xffff'0000'0000'0000, {Access::Kind::kRead, 2}, {},
        "0x96000004 the address is above the range of TTBR0_EL2 (T0SZ 16), which ends at 0xffffffffffff")};

const std::vector<Case> kDescriptorsCases = {
    row("ReservedPage", lower(44), Regime::kEl10, 0, kRead, {{0x8000'0000, 0x4000'0000 | kBlock}},
        "0x96000007 L3[0x0] is reserved: bit 1 of a page must be set", {3}),
    row("BlockOfLevel0", lower(16), Regime::kEl10, 0, kRead, {{0x8000'0000, kBlock}},
        "0x96000004 L0[0x0] is a block, which level 0 cannot hold with a 4K granule", {0}),
    row("BlockOfLevel1With16K", lower(17 | kTg0_16K), Regime::kEl10, 0, kRead, {{0x8000'0000, kBlock}},
        "0x96000005 L1[0x0] is a block, which level 1 cannot hold with a 16K granule", {1}),
    row("InvalidAtLevel2", lower(16), Regime::kEl10, 0, kRead,
        {{0x8000'0000, 0x8000'1003}, {0x8000'1000, 0x8000'2003}, {0x8000'2000, 0xfe}}, "0x96000006 L2[0x0] is invalid",
        {0, 1, 2}),
    row("TableBeyondTheOutputSize2", lower(25), Regime::kEl10, 0, kRead, {{0x8000'0000, 0x100'0000'0003}},
        "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits", {1}),
    row("BlockBeyondTheOutputSize", lower(25), Regime::kEl10, 0, kRead, {{0x8000'0000, 0x100'0000'0000 | kBlock}},
        "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits", {1}),
    row("AddressSizeComesBeforeTheAccessFlag", lower(25), Regime::kEl10, 0, kRead, {{0x8000'0000, 0x100'0000'0001}},
        "0x96000001 L1[0x0] holds 0x10000000000, more than 40 bits", {1}),
    row("AccessFlagClear", lower(25), Regime::kEl10, 0, kRead, {{0x8000'0000, 0x4000'0301}},
        "0x96000009 L1[0x0]: the access flag is clear", {1}),
    row("AccessFlagComesBeforePermission", lower(25), Regime::kEl10, 0, kUserWrite, {{0x8000'0000, 0x4000'0301}},
        "0x92000049 L1[0x0]: the access flag is clear", {1}),
    row("AccessFlagSetByHardware", lower(25 | std::uint64_t{1} << 39), Regime::kEl10, 0, kRead,
        {{0x8000'0000, 0x4000'0301}}, "0x40000000", {1}),
    row("ReservedBitsAreIgnored", lower(25), Regime::kEl10, 0, kRead,
        {{0x8000'0000, 0x4000'0000 | kBlock | 0x000f'0000'0000'0000 | 0x2000'0000}}, "0x40000000", {1})};

const std::vector<Case> kRegimesCases = {
    row("El2", {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000, .mair = kMair}, Regime::kEl2, 0x40'0000'0000,
        {Access::Kind::kExecute, 2}, {{0x8000'0000, 0x8000'1003}, {0x8000'1000 + 0x100 * 8, 0x4000'0000 | kBlock}},
        "0x40000000", {0, 1}),
    row("El2Invalid", {.sctlr = kMmuOn, .tcr = 0x80823510, .ttbr0 = 0x8000'0000}, Regime::kEl2, 0,
        {Access::Kind::kWrite, 2}, {{0x8000'0000, 0}}, "0x96000044 L0[0x0] is invalid", {0}),
    row("El2ExecuteNever", {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000}, Regime::kEl2, 0,
        {Access::Kind::kExecute, 2}, {{0x8000'0000, std::uint64_t{1} << 54 | 0x4000'0000 | kBlock}},
        "0x8600000d L1[0x0]: execute from EL2 is denied: XN", {1}),
    row("El2PxnIsNothing", {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000}, Regime::kEl2, 0,
        {Access::Kind::kExecute, 2}, {{0x8000'0000, std::uint64_t{1} << 53 | 0x4000'0040 | kBlock}}, "0x40000000", {1}),
    row("El2Hpd", {.sctlr = kMmuOn, .tcr = 0x80823510 | 1 << 24, .ttbr0 = 0x8000'0000}, Regime::kEl2, 0,
        {Access::Kind::kExecute, 2},
        {{0x8000'0000, std::uint64_t{1} << 60 | 0x8000'1003}, {0x8000'1000, 0x4000'0000 | kBlock}}, "0x40000000",
        {0, 1}),
    row("El2OfHostsLower", {.sctlr = kMmuOn, .tcr = kTcr48, .ttbr0 = 0x8000'0000, .hcr = std::uint64_t{1} << 34},
        Regime::kEl20, 0, kUserRead, {{0x8000'0000, 0}}, "0x92000004 L0[0x0] is invalid", {0}),
    row("El2OfHostsUpper", {.sctlr = kMmuOn, .tcr = kTcr48, .ttbr1 = 0x8000'0000, .hcr = std::uint64_t{1} << 34},
        Regime::kEl2, ~std::uint64_t{0}, {Access::Kind::kRead, 2}, {{0x8000'0ff8, 0}},
        "0x96000004 L0[0x1ff] is invalid", {0}),
    row("El3", {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000}, Regime::kEl3, 0x1234,
        {Access::Kind::kExecute, 3}, {{0x8000'0000, 0x4000'0000 | kBlock}}, "0x40001234", {1}),
    row("El3Invalid", {.sctlr = kMmuOn, .tcr = 0x80823519, .ttbr0 = 0x8000'0000}, Regime::kEl3, 0x1234,
        {Access::Kind::kExecute, 3}, {{0x8000'0000, 0}}, "0x86000005 L1[0x0] is invalid", {1}),
    row("UserOfEl1IsALowerLevel", lower(25), Regime::kEl10, 0, kUserExecute, {{0x8000'0000, 0}},
        "0x82000005 L1[0x0] is invalid", {1}),
    row("AnAccessFromAboveIsOneOfTheRegime", lower(25), Regime::kEl10, 0, {Access::Kind::kRead, 2}, {{0x8000'0000, 0}},
        "0x96000005 L1[0x0] is invalid", {1})};

const std::vector<Case> kMmuOffCases = {
    row("Flat", off(), Regime::kEl10, 0x4000'0123, kRead, {}, "0x40000123"),
    row("BeyondTheMachine", off(), Regime::kEl10, 0x100'0000'0000, kExecute, {},
        "0x86000000 the MMU is off and the address has more than 40 bits"),
    row("HighAddress", off(), Regime::kEl10, 0xffff'ff80'4000'0000, kWrite, {},
        "0x96000040 the MMU is off and the address has more than 40 bits"),
    row("AtEl2", off(), Regime::kEl2, 0x100'0000'0000, {Access::Kind::kRead, 2}, {},
        "0x96000000 the MMU is off and the address has more than 40 bits"),
    row("TgeTurnsItOff", off(kMmuOn, kBig << kHcrTge), Regime::kEl10, 0x1234, kUserRead, {}, "0x1234"),
    row("TgeRoutesTheFaultToEl2", off(kMmuOn, kBig << kHcrTge), Regime::kEl10, kBig << 50, kUserRead, {},
        "0x92000000 the MMU is off and the address has more than 40 bits")};

INSTANTIATE_TEST_SUITE_P(Granules, WalkTest, ::testing::ValuesIn(kGranulesCases), case_name);
INSTANTIATE_TEST_SUITE_P(Addresses52, WalkTest, ::testing::ValuesIn(kAddresses52Cases), case_name);
INSTANTIATE_TEST_SUITE_P(NoTableIsRead, WalkTest, ::testing::ValuesIn(kNoTableIsReadCases), case_name);
INSTANTIATE_TEST_SUITE_P(Descriptors, WalkTest, ::testing::ValuesIn(kDescriptorsCases), case_name);
INSTANTIATE_TEST_SUITE_P(Regimes, WalkTest, ::testing::ValuesIn(kRegimesCases), case_name);
INSTANTIATE_TEST_SUITE_P(MmuOff, WalkTest, ::testing::ValuesIn(kMmuOffCases), case_name);

}  // namespace
}  // namespace bootrig::aarch64
