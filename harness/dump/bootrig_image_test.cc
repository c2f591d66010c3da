#include <gtest/gtest.h>

#include "dump/exception_record.h"
#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;

// What the image printed on QEMU: if images/reference/lib/exception.c changes its form, capture these again.
TEST(BootrigImageDump, ReadsTheLoadersDumpOfAnEmptyWindow) {
  const ExceptionRecord record = only_dump(fixture("bootrig-empty-window"));
  EXPECT_EQ(record.dialect, "bootrig-image");
  EXPECT_EQ(record.first_line, 14u);
  EXPECT_EQ(record.last_line, 51u);
  EXPECT_EQ(record.headline, "bootrig loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1");
  EXPECT_EQ(record.level, 1u);
  EXPECT_EQ(record.esr, 0x86000004u);
  EXPECT_EQ(record.far, 0xffffff8040000000u);
  EXPECT_EQ(record.elr, 0xffffff8040000000u);
  EXPECT_EQ(record.spsr, 0x600003c5u);
  EXPECT_EQ(record.sp, 0x4040fe00u);
  EXPECT_EQ(record.hpfar, std::nullopt);
  EXPECT_EQ(record.x[0], 0x40033000u);
  EXPECT_EQ(record.x[29], 0x4040fe00u);
  EXPECT_EQ(record.x[30], 0x40400444u);
  EXPECT_EQ(record.extra.at("program"), "loader");
  EXPECT_EQ(record.extra.at("from"), "current EL with SP_ELx");
  EXPECT_FALSE(record.extra.contains("user"));
  EXPECT_FALSE(record.cut_off);
  EXPECT_TRUE(record.corrections.empty());
}

TEST(BootrigImageDump, AStage2FaultHasHpfar) {
  const ExceptionRecord record = only_dump(fixture("bootrig-null-read"));
  EXPECT_EQ(record.level, 2u);
  EXPECT_EQ(record.esr, 0x93c08006u);
  EXPECT_EQ(record.far, 0u);
  EXPECT_EQ(record.hpfar, 0u);
  EXPECT_EQ(record.elr, 0x200048u);
  EXPECT_EQ(record.extra.at("user"), "yes");
  EXPECT_EQ(record.extra.at("program"), "kernel");
}

TEST(BootrigImageDump, AnUndefinedInstructionHasNoFar) {
  const ExceptionRecord record = only_dump(fixture("bootrig-smc"));
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.far, std::nullopt);
  ASSERT_EQ(record.corrections.size(), 1u);
  EXPECT_EQ(record.corrections[0],
            "FAR is printed as 0x0000000000000000 but holds nothing for this exception (EC 0x00): not believed.");
}

TEST(BootrigImageDump, AnInterruptWritesNoSyndrome) {
  const ExceptionRecord record = only_dump(
      "bootrig kernel: EXCEPTION IRQ, current EL with SP_ELx, taken to EL1\n"
      "  ESR_EL1 0x0000000086000004\n"
      "  FAR_EL1 0xffffff8040000000\n"
      "  ELR_EL1 0xffffff8040000010\n");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, 0xffffff8040000010u);
  EXPECT_TRUE(record.cut_off);
  ASSERT_EQ(record.corrections.size(), 2u);
  EXPECT_EQ(record.corrections[0], "ESR is printed as 0x0000000086000004 but an IRQ does not write it: not believed.");
}

TEST(BootrigImageDump, KvmOfLinux61SignExtendsEsr) {
  const ExceptionRecord record = only_dump(
      "bootrig loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1\n"
      "  ESR_EL1 0xffffffff86000010\n"
      "  FAR_EL1 0xffffff8040000000\n");
  EXPECT_EQ(record.esr, 0x86000010u);
  EXPECT_EQ(record.far, 0xffffff8040000000u);
  ASSERT_EQ(record.corrections.size(), 1u);
  EXPECT_EQ(record.corrections[0],
            "ESR is printed as 0xffffffff86000010, sign-extended as by KVM of Linux 6.1: its low "
            "32 bits are believed.");
}

TEST(BootrigImageDump, RegistersOfAnotherLevelAreNotTheDumps) {
  const ExceptionRecord record = only_dump(
      "bootrig loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1\n"
      "  ESR_EL2 0x0000000086000010\n");
  EXPECT_EQ(record.esr, std::nullopt);
}

TEST(BootrigImageDump, OrdinaryLinesOfTheImageAreNoDump) {
  EXPECT_TRUE(
      find_dumps("bootrig loader: entered at EL1\nbootrig user: EXCEPTIONAL\nbootrig loader: end of dump\n").empty());
}

}  // namespace
}  // namespace bootrig
