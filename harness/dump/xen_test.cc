#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kRegisters =
    "(XEN) ----[ Xen-4.14.0  arm64  debug=y   Not tainted ]----\n"
    "(XEN) CPU:    1\n"
    "(XEN) PC:     000000000024a77c smmu.c#find_smmu_master+0x8/0x3c\n"
    "(XEN) LR:     000000000024a8a4\n"
    "(XEN) SP:     00000000002ff1f0\n"
    "(XEN) CPSR:   80000249 MODE:64-bit EL2h (Hypervisor, handler)\n"
    "(XEN)      X0: 0000000114ec0000  X1: 00008000fbfc7478  X2: 00008000fbfc71e0\n"
    "(XEN)     X27: 000000000000001b X28: 000000000000001c  FP: 00000000002ff1f0\n"
    "(XEN) \n"
    "(XEN)   VTCR_EL2: 00000000\n"
    "(XEN)  VTTBR_EL2: 0000000000000000\n"
    "(XEN)  SCTLR_EL2: 30cd183d\n"
    "(XEN)    HCR_EL2: 0000000000000038\n"
    "(XEN)  TTBR0_EL2: 0000000000f38000\n"
    "(XEN) \n"
    "(XEN)    ESR_EL2: 96000005\n"
    "(XEN)  HPFAR_EL2: 0000000000000000\n"
    "(XEN)    FAR_EL2: 0000000114ebfff8\n"
    "(XEN) \n"
    "(XEN) Xen stack trace from sp=00000000002ff1f0:\n"
    "(XEN)    00000000002ff220 000000000024a8a4 0000000000000000 0000000114ec0000\n"
    "(XEN) Xen call trace:\n"
    "(XEN)    [<000000000024a77c>] smmu.c#find_smmu_master+0x8/0x3c (PC)\n"
    "(XEN) ****************************************\n"
    "(XEN) Panic on CPU 1:\n"
    "(XEN) CPU1: Unexpected Trap: Data Abort\n"
    "(XEN) ****************************************\n"
    "(XEN) Reboot in five seconds...\n";

void expect_registers(const ExceptionRecord& record) {
  EXPECT_EQ(record.dialect, "xen");
  EXPECT_EQ(record.level, 2u);
  EXPECT_EQ(record.esr, 0x96000005u);
  EXPECT_EQ(record.far, 0x114ebfff8u);
  EXPECT_EQ(record.elr, 0x24a77cu);
  EXPECT_EQ(record.spsr, 0x80000249u);
  EXPECT_EQ(record.sp, 0x2ff1f0u);
  EXPECT_EQ(record.hpfar, std::nullopt);
  EXPECT_EQ(record.x[1], 0x8000fbfc7478u);
  EXPECT_EQ(record.x[28], 0x1cu);
  EXPECT_EQ(record.x[29], 0x2ff1f0u);
  EXPECT_EQ(record.x[30], 0x24a8a4u);
  EXPECT_EQ(record.extra.at("cpu"), "1");
  EXPECT_FALSE(record.cut_off);
}

TEST(XenDump, ADataAbortOfItsOwn) {
  const ExceptionRecord record = only_dump(
      "(XEN) Data Abort Trap. Syndrome=0x5\n"
      "(XEN) Walking Hypervisor VA 0x114ebfff8 on CPU1 via TTBR 0x0000000000f38000\n"
      "(XEN) 0TH[0x0] = 0x0000000000f3bf7f\n"
      "(XEN) 1ST[0x4] = 0x0000000000000000\n"
      "(XEN) CPU1: Unexpected Trap: Data Abort\n" +
      kRegisters);
  expect_registers(record);
  EXPECT_EQ(record.headline, "Data Abort Trap. Syndrome=0x5");
  EXPECT_EQ(record.first_line, 1u);
  EXPECT_EQ(record.last_line, 33u);
  EXPECT_EQ(record.extra.at("fault"), "Data Abort");
}

TEST(XenDump, WithoutRegistersTheSyndromeIsPutTogether) {
  const ExceptionRecord record = only_dump(
      "(XEN) Instruction Abort Trap. Syndrome=0x7\n"
      "(XEN) Walking Hypervisor VA 0xa00002c8cc0 on CPU2 via TTBR 0x0000000040340000\n"
      "(XEN) 3RD[0x0c8] = 0x0\n");
  EXPECT_EQ(record.esr, 0x86000007u);
  EXPECT_EQ(record.far, 0xa00002c8cc0u);
  EXPECT_TRUE(record.cut_off);
  EXPECT_THAT(record.corrections,
              ElementsAre("ESR_EL2 is not printed: it is put together of the kind of abort and its syndrome."));
}

TEST(XenDump, ATrapOfAnotherKind) {
  const ExceptionRecord record = only_dump("Hypervisor Trap. HSR=0x0000002000000 EC=0x0 IL=1 Syndrome=0x0\n");
  EXPECT_EQ(record.esr, 0x2000000u);
  EXPECT_EQ(record.far, std::nullopt);
}

TEST(XenDump, ASErrorHasTheRegistersAlone) {
  std::string text = "(XEN) CPU1: Unexpected Trap: SError\n" + kRegisters;
  text.replace(text.find("96000005"), 8, "be000011");
  const ExceptionRecord record = only_dump(text);
  EXPECT_EQ(record.extra.at("fault"), "SError");
  EXPECT_EQ(record.esr, 0xbe000011u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_FALSE(record.cut_off);
}

TEST(XenDump, ABugAndAnAssertionStandBeforeTheRegisters) {
  const ExceptionRecord bug = only_dump("(XEN) Xen BUG at arch/arm/setup.c:120\n" + kRegisters);
  EXPECT_EQ(bug.extra.at("assertion"), "BUG");
  EXPECT_EQ(bug.extra.at("place"), "arch/arm/setup.c:120");
  EXPECT_EQ(bug.elr, 0x24a77cu);
  const ExceptionRecord assertion =
      only_dump("(XEN) Assertion 'p != NULL' failed at common/xmalloc.c:70\n" + kRegisters);
  EXPECT_EQ(assertion.extra.at("assertion"), "p != NULL");
  EXPECT_EQ(assertion.extra.at("place"), "common/xmalloc.c:70");
}

TEST(XenDump, TheSyndromeThatDiffersFromEsrIsSaid) {
  const ExceptionRecord record = only_dump("Data Abort Trap. Syndrome=0x6\nFAR_EL2: 0000000114ebfff8\n" + kRegisters);
  EXPECT_EQ(record.esr, 0x96000005u);
  EXPECT_THAT(record.corrections,
              ElementsAre("The printed ec, il and iss are not those of the printed ESR: ESR is believed."));
}

TEST(XenDump, AGuestsRegistersAreMarked) {
  const ExceptionRecord record = only_dump(
      "----[ Xen-4.17  arm64  debug=n  Not tainted ]----\nCPU:    0\nPC:     ffff800010010000\n"
      "LR:     ffff800010010004\nSP_EL0: 0000000000000001\nSP_EL1: 0000000000000002\n"
      "CPSR:   00000000000003c5 MODE:64-bit EL1h (Guest Kernel, handler)\n");
  EXPECT_EQ(record.extra.at("guest"), "yes");
  EXPECT_EQ(record.elr, 0xffff800010010000u);
  EXPECT_EQ(record.sp, std::nullopt);
  EXPECT_TRUE(record.cut_off);
}

TEST(XenDump, TwoTrapsAreTwoDumps) {
  EXPECT_EQ(find_dumps("Data Abort Trap. Syndrome=0x5\n" + kRegisters + "Data Abort Trap. Syndrome=0x5\n").size(), 2u);
}

TEST(XenDump, ItsOrdinaryLogIsNoDump) {
  EXPECT_THAT(find_dumps("(XEN) Xen version 4.17\n(XEN) CPU0: MIDR 0x410fd034\n(XEN) Assertion 'x' holds\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
