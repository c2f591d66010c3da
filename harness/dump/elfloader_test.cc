#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;

TEST(ElfloaderDump, NumbersAreUnpaddedWithout0x) {
  const ExceptionRecord record = only_dump(
      "ELF-LOADER: Synchronous exception received:\r\n"
      "esr_el1: 96000044\r\n"
      "elr_el1: 40401234\r\n"
      "spsr_el1: 600003c5\r\n"
      "far_el1: 0\r\n");
  EXPECT_EQ(record.dialect, "elfloader");
  EXPECT_EQ(record.headline, "ELF-LOADER: Synchronous exception received:");
  EXPECT_EQ(record.level, 1u);
  EXPECT_EQ(record.esr, 0x96000044u);
  EXPECT_EQ(record.elr, 0x40401234u);
  EXPECT_EQ(record.spsr, 0x600003c5u);
  EXPECT_EQ(record.far, 0u);
  EXPECT_EQ(record.last_line, 5u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, testing::IsEmpty());
}

TEST(ElfloaderDump, ANumberAtTheEndOfTheTranscriptMayBeCutOff) {
  const ExceptionRecord record =
      only_dump("ELF-LOADER: Synchronous exception received:\nesr_el1: 96000044\nelr_el1: 4040");
  EXPECT_EQ(record.esr, 0x96000044u);
  EXPECT_EQ(record.elr, std::nullopt);
  EXPECT_TRUE(record.cut_off);
}

TEST(ElfloaderDump, OtherExceptionsHaveNoRegisters) {
  const ExceptionRecord record = only_dump("ELF-LOADER: Invalid exception received!\nesr_el1: 96000044\n");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.last_line, 1u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("For this exception the elfloader prints no register."));
}

}  // namespace
}  // namespace bootrig
