#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Edk2Dump, AReleaseBuildPrintsOneLineTwice) {
  const ExceptionRecord record = only_dump(
      "\r\n\r\nSynchronous Exception at 0x000000005C3B42D0\r\n"
      "\r\n\r\nSynchronous Exception at 0x000000005C3B42D0\r\n");
  EXPECT_EQ(record.dialect, "edk2");
  EXPECT_EQ(record.headline, "Synchronous Exception at 0x000000005C3B42D0");
  EXPECT_EQ(record.first_line, 3u);
  EXPECT_EQ(record.last_line, 6u);
  EXPECT_EQ(record.elr, 0x5c3b42d0u);
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("This build of EDK2 prints the address of the instruction alone: no ESR "
                                              "and no FAR."));
}

TEST(Edk2Dump, AnotherAddressIsAnotherDump) {
  EXPECT_EQ(
      find_dumps("Synchronous Exception at 0x000000005C3B42D0\nSynchronous Exception at 0x0000000000000000\n").size(),
      2u);
}

TEST(Edk2Dump, ADebugBuildPrintsTheRegisters) {
  const ExceptionRecord record = only_dump(
      "Synchronous Exception at 0x0000700000000000\n"
      "PC 0x700000000000\nPC 0x00005C3B42D0 (0x00005C3B0000+0x000042D0) [ 0] Shell.dll\n[ 0] Shell.dll\n\n"
      "  X0 0x0000000000000001   X1 0x0000000000000002   X2 0x0000000000000003   X3 0x0000000000000004\n"
      " X28 0x000000000000001C   FP 0x000000000000001D   LR 0x000000000000001E  \n\n"
      "  V0 0x0000000000000000 0000000000000000   V1 0x0000000000000000 0000000000000000\n\n"
      "  SP 0x000000005F7FF000  ELR 0x0000700000000000  SPSR 0x60000205  FPSR 0x00000000\n"
      " ESR 0x86000004          FAR 0x0000700000000000\n\n"
      " ESR : EC 0x21  IL 0x1  ISS 0x00000004\n\nInstruction abort: Translation fault, zeroth level\n\n"
      "Stack dump:\n");
  EXPECT_EQ(record.esr, 0x86000004u);
  EXPECT_EQ(record.far, 0x700000000000u);
  EXPECT_EQ(record.elr, 0x700000000000u);
  EXPECT_EQ(record.spsr, 0x60000205u);
  EXPECT_EQ(record.sp, 0x5f7ff000u);
  EXPECT_EQ(record.x[3], 4u);
  EXPECT_EQ(record.x[28], 28u);
  EXPECT_EQ(record.x[29], 29u);
  EXPECT_EQ(record.x[30], 30u);
  EXPECT_EQ(record.last_line, 18u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(Edk2Dump, ADumpThatTrapsItself) {
  const ExceptionRecord record = only_dump(
      "SError Exception at 0x0000700000000000\n  X0 0x0000000000000001   X1 0x0000000000000002\n"
      "Recursive exception occurred while dumping the CPU state\n");
  EXPECT_EQ(record.extra.at("recursive"), "yes");
  EXPECT_EQ(record.extra.at("type"), "SError");
  EXPECT_EQ(record.last_line, 3u);
  EXPECT_TRUE(record.cut_off);
}

TEST(Edk2Dump, FailedAssertionsOldAndNew) {
  const ExceptionRecord record = only_dump("ASSERT [DxeCore] /build/MdeModulePkg/Pool.c(123): Size > (0)\n");
  EXPECT_EQ(record.extra.at("assertion"), "Size > (0)");
  EXPECT_EQ(record.extra.at("place"), "/build/MdeModulePkg/Pool.c:123");
  EXPECT_FALSE(may_have_syndrome(record));
  EXPECT_EQ(only_dump("ASSERT /build/Pool.c(9): a\n").extra.at("place"), "/build/Pool.c:9");
  EXPECT_THAT(find_dumps("ASSERT [odd\nASSERT a b(9): c\n"), IsEmpty());
}

TEST(Edk2Dump, OtherExceptionsAreNone) {
  EXPECT_THAT(find_dumps("Java Exception at 0x0000000000000000\n Exception at 0x0\n"), IsEmpty());
}

}  // namespace
}  // namespace bootrig
