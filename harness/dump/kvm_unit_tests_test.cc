#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::IsEmpty;

const std::string kFrame =
    "Exception frame registers:\n"
    "pc : [<000000005834ad20>] lr : [<000000005834cadc>] pstate: 600003c5\n"
    "sp : 000000005f70fd80\n"
    "x29: 000000005f70ffe0 x28: 0000000000000000 \n"
    "x1 : 00000000ffffffff x0 : 0000000000000007 \n\n"
    "\tSTACK: @cd20 cadc 1050\n\nEXIT: STATUS=127\n";

TEST(KvmUnitTestsDump, AnExceptionThatNoTestAwaits) {
  const ExceptionRecord record = only_dump(
      "Load address: 5833e000\nPC: 5834ad20 PC offset: cd20\nUnhandled exception ec=0x25 (DABT_EL1)\n"
      "Vector: 4 (el1h_sync)\nESR_EL1:         96000006, ec=0x25 (DABT_EL1)\n"
      "FAR_EL1: 0000000000000004 (valid)\n" +
      kFrame);
  EXPECT_EQ(record.dialect, "kvm-unit-tests");
  EXPECT_EQ(record.headline, "Unhandled exception ec=0x25 (DABT_EL1)");
  EXPECT_EQ(record.first_line, 3u);
  EXPECT_EQ(record.last_line, 15u);
  EXPECT_EQ(record.level, 1u);
  EXPECT_EQ(record.esr, 0x96000006u);
  EXPECT_EQ(record.far, 4u);
  EXPECT_EQ(record.elr, 0x5834ad20u);
  EXPECT_EQ(record.spsr, 0x600003c5u);
  EXPECT_EQ(record.sp, 0x5f70fd80u);
  EXPECT_EQ(record.x[0], 7u);
  EXPECT_EQ(record.x[29], 0x5f70ffe0u);
  EXPECT_EQ(record.x[30], 0x5834cadcu);
  EXPECT_EQ(record.extra.at("load-address"), "0x000000005833e000");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(KvmUnitTestsDump, AFarThatIsMarkedInvalidIsNone) {
  const ExceptionRecord record = only_dump(
      "Unhandled exception ec=0x19 (SVE)\nVector: 4 (el1h_sync)\nESR_EL1:         66000000, ec=0x19 (SVE)\n"
      "FAR_EL1: 0000000000000004 (not valid)\n" +
      kFrame);
  EXPECT_EQ(record.esr, 0x66000000u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(KvmUnitTestsDump, NewBuildsSayTheLevelBefore) {
  const ExceptionRecord record = only_dump(
      "CurrentEL: EL2\nUnhandled vector 6 (el1h_fiq)\nVector: 4 (el1h_sync)\n"
      "ESR_ELx:         96000006, ec=0x25 (DABT_EL1)\nFAR_ELx: 0000000000000004 (valid)\n" +
      kFrame);
  EXPECT_EQ(record.level, 2u);
  EXPECT_EQ(record.esr, 0x96000006u);
  EXPECT_EQ(record.far, 4u);
}

TEST(KvmUnitTestsDump, AnInterruptHasNoLineBeforeItsVector) {
  const ExceptionRecord record = only_dump(
      "Vector: 5 (el1h_irq)\nESR_EL1:         96000006, ec=0x25 (DABT_EL1)\nFAR_EL1: 0000000000000004 (valid)\n" +
      kFrame);
  EXPECT_EQ(record.extra.at("type"), "IRQ");
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, 0x5834ad20u);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(KvmUnitTestsDump, UnknownClassesAndVectors) {
  EXPECT_EQ(only_dump("Got bad ec=0x2d\nESR_EL1:         b6000000, ec=0x2d ((null))\n" + kFrame).esr, 0xb6000000u);
  EXPECT_EQ(only_dump("Got bad vector=16\nESR_EL1:         96000006, ec=0x25 (DABT_EL1)\n" + kFrame).esr, 0x96000006u);
}

TEST(KvmUnitTestsDump, AFailedAssertion) {
  const ExceptionRecord record =
      only_dump("lib/arm/mmu.c:120: assert failed: pte_valid(pte)\n\tSTACK: @cd20\nEXIT: STATUS=127\n");
  EXPECT_EQ(record.extra.at("assertion"), "pte_valid(pte)");
  EXPECT_EQ(record.extra.at("place"), "lib/arm/mmu.c:120");
  EXPECT_EQ(record.last_line, 3u);
}

TEST(KvmUnitTestsDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("PASS: selftest: Vector: 4 (el1h_sync)\nVector: all\nEXIT: STATUS=1\n"), IsEmpty());
}

}  // namespace
}  // namespace bootrig
