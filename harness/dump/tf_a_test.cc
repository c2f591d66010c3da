#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kGeneral =
    "x30            = 0x0000000004001234\n"
    "x0             = 0x0000000000000001\n"
    "x29            = 0x000000000000001d\n";

TEST(TfaDump, AnExceptionInEl3) {
  const ExceptionRecord record = only_dump("Unhandled Exception in EL3.\n" + kGeneral +
                                           "scr_el3        = 0x0000000000000530\n"
                                           "sctlr_el3      = 0x0000000030cd183f\n"
                                           "cptr_el3       = 0x0000000000000000\n"
                                           "tcr_el3        = 0x0000000080803520\n"
                                           "daif           = 0x00000000000002c0\n"
                                           "mair_el3       = 0x00000000004404ff\n"
                                           "spsr_el3       = 0x00000000600003cd\n"
                                           "elr_el3        = 0x0000000004001230\n"
                                           "ttbr0_el3      = 0x0000000004010000\n"
                                           "esr_el3        = 0x0000000096000010\n"
                                           "far_el3        = 0x0000000008000000\n"
                                           "mpidr_el1      = 0x0000000080000000\n"
                                           "gicd_ispendr regs (Offsets 0x200-0x278)\n"
                                           "Offset\t\t\tValue\n"
                                           "0x200:\t\t 0x0000000000000000\n");
  EXPECT_EQ(record.dialect, "tf-a");
  EXPECT_EQ(record.level, 3u);
  EXPECT_EQ(record.esr, 0x96000010u);
  EXPECT_EQ(record.far, 0x8000000u);
  EXPECT_EQ(record.elr, 0x4001230u);
  EXPECT_EQ(record.spsr, 0x600003cdu);
  EXPECT_EQ(record.x[0], 1u);
  EXPECT_EQ(record.x[29], 29u);
  EXPECT_EQ(record.x[30], 0x4001234u);
  EXPECT_EQ(record.last_line, 19u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(TfaDump, BeforeAlignmentNamesEndWithTabs) {
  const ExceptionRecord record = only_dump(
      "Unhandled Exception in EL3.\nx30 =\t\t0x0000000004001234\nx29 =\t\t0x000000000000001d\n"
      "tcr_el3 =\t\t0x0000000080803520\nspsr_el3 =\t\t0x00000000600003cd\nelr_el3 =\t\t0x0000000004001230\n"
      "esr_el3 =\t\t0x00000000be000011\nfar_el3 =\t\t0x0000000000000000\n");
  EXPECT_EQ(record.x[30], 0x4001234u);
  EXPECT_EQ(record.esr, 0xbe000011u);
  EXPECT_EQ(record.spsr, 0x600003cdu);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_FALSE(record.cut_off);
}

const std::string kRelabelled =
    "elr_el3        = 0x0000000004001230\n"
    "esr_el3        = 0x0000000096000010\n"
    "mpidr_el1      = 0x0000000080000000\n"
    "scr_el3        = 0x0000000000000530\n"
    "tcr_el3        = 0x00000000000002c0\n"
    "daif           = 0x00000000004404ff\n"
    "mair_el3       = 0x00000000600003cd\n"
    "spsr_el3       = 0x0000000000000000\n"
    "cptr_el3       = 0x0000000004010000\n"
    "ttbr0_el3      = 0x0000000030cd183f\n"
    "sctlr_el3      = 0x0000000008000000\n"
    "far_el3        = 0x0000000080803520\n"
    "sp_el0         = 0x0000000004020000\n";

TEST(TfaDump, RegistersBesideTheWrongNamesArePutRight) {
  const ExceptionRecord record = only_dump("Unhandled Exception in EL3.\n" + kGeneral + kRelabelled);
  EXPECT_EQ(record.esr, 0x96000010u);
  EXPECT_EQ(record.elr, 0x4001230u);
  EXPECT_EQ(record.spsr, 0x600003cdu);
  EXPECT_EQ(record.far, 0x8000000u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("This TF-A prints eight registers of EL3 beside the wrong names ('tcr_el3' holds DAIF): SPSR "
                          "is what stands at mair_el3, FAR what stands at sctlr_el3."));
}

TEST(TfaDump, TheSameOrderWithTheRightNamesIsBelieved) {
  std::string text = kRelabelled;
  for (const auto& [name, value] :
       {std::pair{"tcr_el3 ", "0000000080803520"}, std::pair{"mair_el3", "00000000004404ff"},
        std::pair{"\nspsr_el3", "00000000600003cd"}, std::pair{"far_el3 ", "0000000008000000"}}) {
    text.replace(text.find("0x", text.find(name)) + 2, 16, value);
  }
  const ExceptionRecord record = only_dump("Unhandled Exception in EL3.\n" + kGeneral + text);
  EXPECT_EQ(record.spsr, 0x600003cdu);
  EXPECT_EQ(record.far, 0x8000000u);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(TfaDump, WhatCannotBeToldApartIsNotBelieved) {
  std::string text = kRelabelled;
  const std::size_t tcr = text.find("tcr_el3");
  text.erase(tcr, text.find('\n', tcr) + 1 - tcr);
  const ExceptionRecord record = only_dump("Unhandled Exception in EL3.\n" + kGeneral + text);
  EXPECT_EQ(record.esr, 0x96000010u);
  EXPECT_EQ(record.spsr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_THAT(record.corrections, ElementsAre("Without tcr_el3 it cannot be told whether this TF-A prints SPSR and FAR "
                                              "beside the right names: not believed."));
}

TEST(TfaDump, APanicIsNoException) {
  for (const char* headline : {"PANIC in EL3.\n", "PANIC in EL3 at x30 = 0x0000000004001234\n"}) {
    const ExceptionRecord record = only_dump(headline + kGeneral + kRelabelled);
    EXPECT_EQ(record.esr, std::nullopt);
    EXPECT_EQ(record.elr, std::nullopt);
    EXPECT_EQ(record.far, std::nullopt);
    EXPECT_EQ(record.x[30], 0x4001234u);
    EXPECT_FALSE(may_have_syndrome(record));
  }
}

TEST(TfaDump, AnInterruptWritesNoSyndrome) {
  const ExceptionRecord record = only_dump("Unhandled Interrupt Exception in EL3.\n" + kGeneral + kRelabelled);
  EXPECT_EQ(record.esr, std::nullopt);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, 0x4001230u);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(TfaDump, AnExternalAbortThatNobodyTakes) {
  const ExceptionRecord record = only_dump(
      "ERROR:   Unhandled External Abort received on 0x80000001 from EL2\n"
      "ERROR:   exception reason=1 syndrome=0xbe000011\n");
  EXPECT_EQ(record.headline, "Unhandled External Abort received on 0x80000001 from EL2");
  EXPECT_EQ(record.esr, 0xbe000011u);
  EXPECT_EQ(record.extra.at("from-level"), "2");
  EXPECT_FALSE(record.cut_off);
}

TEST(TfaDump, AssertionsOldAndNew) {
  const ExceptionRecord old = only_dump("ASSERT: File lib/xlat_tables.c Line 00120\n");
  EXPECT_EQ(old.extra.at("place"), "lib/xlat_tables.c:120");
  EXPECT_EQ(old.extra.at("assertion"), "unnamed");
  const ExceptionRecord record = only_dump(
      "ASSERT: plat/qemu/setup.c:88\nBACKTRACE: START: assert\n0: EL3: 0x40012a4\n1: EL3: 0x4003310\n"
      "BACKTRACE: END: assert\n");
  EXPECT_EQ(record.extra.at("place"), "plat/qemu/setup.c:88");
  EXPECT_EQ(record.extra.at("backtrace"), "0x40012a4 0x4003310");
  EXPECT_EQ(record.last_line, 5u);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(TfaDump, APanicOfABuildWithoutReports) {
  const ExceptionRecord record = only_dump("PANIC at PC : 0x0000000004001234\n");
  EXPECT_EQ(record.elr, 0x4001234u);
  EXPECT_FALSE(record.cut_off);
  EXPECT_FALSE(may_have_syndrome(record));
}

TEST(TfaDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("NOTICE:  BL31: v2.11(release):v2.11\nASSERT: nothing of the kind\nx0 = 0x1\n"), IsEmpty());
}

}  // namespace
}  // namespace bootrig
