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
using ::testing::StartsWith;

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
  const WalkResult fetch = walked(kBlock, kExecute, 0xaa00'0000'0000'1234);
  EXPECT_THAT(ending(fetch), StartsWith("0x86000004 the address is above the range of TTBR0_EL1"));
  EXPECT_TRUE(fetch.fault->out_of_range);
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
