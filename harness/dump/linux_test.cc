#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(LinuxDump, AUserProcessIsNotToldWhatTheHardwareSaid) {
  const ExceptionRecord record = only_dump(fixture("linux-user-fault"));
  EXPECT_EQ(record.dialect, "linux");
  EXPECT_EQ(record.headline,
            "fault[79]: unhandled exception: DABT (lower EL), ESR 0x0000000092000004, level 2 "
            "translation fault in fault[400000+7e000]");
  EXPECT_EQ(record.first_line, 1u);
  EXPECT_EQ(record.last_line, 17u);
  EXPECT_EQ(record.esr, 0x92000006u);
  EXPECT_EQ(record.far, std::nullopt);
  EXPECT_EQ(record.elr, 0x4007ecu);
  EXPECT_EQ(record.sp, 0xffffe5770450u);
  EXPECT_EQ(record.spsr, 0x80000000u);
  EXPECT_EQ(record.x[0], 0xffff000012345678u);
  EXPECT_EQ(record.x[29], 0xffffe5770450u);
  EXPECT_EQ(record.x[30], 0x400734u);
  EXPECT_EQ(record.extra.at("process"), "fault");
  EXPECT_EQ(record.extra.at("cpu"), "0");
  EXPECT_EQ(record.extra.at("user"), "yes");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(
      record.corrections,
      ElementsAre("Linux hides from a user process what it cannot access: ESR is printed as 0x92000004, but the "
                  "fault status is 0x06, by the words behind it.",
                  "Linux does not print the FAR of a user process's fault."));
}

TEST(LinuxDump, AnUndefinedInstructionOfAUserProcessHasNoEsr) {
  const ExceptionRecord record = only_dump(
      "[    1.790768] fault[80]: unhandled exception: undefined instruction in fault[400000+7e000]\n"
      "[    1.792639] pc : 000000000040074c\n");
  EXPECT_EQ(record.extra.at("fault"), "undefined instruction");
  EXPECT_EQ(record.elr, 0x40074cu);
  EXPECT_TRUE(record.cut_off);
  EXPECT_THAT(record.corrections, ElementsAre("Linux does not print the ESR of this fault."));
}

TEST(LinuxDump, TheWordsOfAFaultStatusAreItsCode) {
  for (const auto& [words, code] :
       {std::pair{"level 0 address size fault", 0x00u}, std::pair{"level 3 access flag fault", 0x0bu},
        std::pair{"level 1 permission fault", 0x0du}, std::pair{"level -1 translation fault", 0x2bu},
        std::pair{"level 9 translation fault", 0x04u}, std::pair{"level -3 translation fault", 0x04u},
        std::pair{"synchronous external abort", 0x04u}}) {
    const std::string line = "a[1]: unhandled exception: DABT (lower EL), ESR 0x0000000092000004, ";
    EXPECT_EQ(only_dump(line + words + " in a[400000+7e000]\n").esr, 0x92000000u | code) << words;
  }
}

TEST(LinuxDump, AnOopsOfTheKernel) {
  const ExceptionRecord record = only_dump(
      "[    2.000001][    T1] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010\n"
      "[    2.000002][    T1] Mem abort info:\n"
      "[    2.000003][    T1]   ESR = 0x0000000096000006\n"
      "[    2.000004][    T1]   EC = 0x25: DABT (current EL), IL = 32 bits\n"
      "[    2.000005][    T1]   FSC = 0x06: level 2 translation fault\n"
      "[    2.000006][    T1] [0000000000000010] pgd=0800000041234003, p4d=0800000041234003, pud=0000000000000000\n"
      "[    2.000007][    T1] Internal error: Oops: 0000000096000006 [#1] PREEMPT SMP\n"
      "[    2.000008][    T1] CPU: 3 PID: 1 Comm: swapper/0 Not tainted 6.6.0 #1\n"
      "[    2.000009][    T1] pstate: 60000005 (nZCv daif -PAN -UAO -TCO -DIT -SSBS BTYPE=--)\n"
      "[    2.000010][    T1] pc : init_module+0x10/0x40\n"
      "[    2.000011][    T1] lr : do_one_initcall+0x50/0x200\n"
      "[    2.000012][    T1] sp : ffff800080003d40\n"
      "[    2.000013][    T1] x2 : 0000000000000002 x1 : 0000000000000001 x0 : 0000000000000010\n"
      "[    2.000014][    T1] Call trace:\n"
      "[    2.000015][    T1]  init_module+0x10/0x40\n"
      "[    2.000016][    T1] Code: d503201f d503201f (f9400800)\n"
      "[    2.000017][    T1] ---[ end trace 0000000000000000 ]---\n");
  EXPECT_EQ(record.headline, "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010");
  EXPECT_EQ(record.last_line, 17u);
  EXPECT_EQ(record.esr, 0x96000006u);
  EXPECT_EQ(record.far, 0x10u);
  EXPECT_EQ(record.elr, std::nullopt);
  EXPECT_EQ(record.spsr, 0x60000005u);
  EXPECT_EQ(record.sp, 0xffff800080003d40u);
  EXPECT_EQ(record.x[0], 0x10u);
  EXPECT_EQ(record.x[2], 2u);
  EXPECT_EQ(record.extra.at("pc"), "init_module+0x10/0x40");
  EXPECT_EQ(record.extra.at("lr"), "do_one_initcall+0x50/0x200");
  EXPECT_EQ(record.extra.at("fault"), "NULL pointer dereference");
  EXPECT_EQ(record.extra.at("error"), "Oops");
  EXPECT_EQ(record.extra.at("cpu"), "3");
  EXPECT_EQ(record.extra.at("process"), "swapper/0");
  EXPECT_FALSE(record.cut_off);
  EXPECT_THAT(record.corrections, IsEmpty());
}

TEST(LinuxDump, AnExceptionNobodyExpects) {
  const ExceptionRecord record =
      only_dump("Unhandled 64-bit el1h sync exception on CPU2, ESR 0x0000000056000000 -- SVC (AArch64)\n");
  EXPECT_EQ(record.esr, 0x56000000u);
  EXPECT_EQ(record.extra.at("cpu"), "2");
  const ExceptionRecord older =
      only_dump("Bad mode in Synchronous Abort handler detected on CPU1, code 0x86000005 -- IABT (current EL)\n");
  EXPECT_EQ(older.esr, 0x86000005u);
  EXPECT_EQ(older.extra.at("cpu"), "1");
}

TEST(LinuxDump, AnInternalErrorAloneIsADumpAndASecondOneAnother) {
  const std::vector<ExceptionRecord> records = find_dumps(
      "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP\nInternal error: Oops - bad mode: 0 [#2] SMP\n");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].esr, 0xf2000800u);
  EXPECT_EQ(records[0].extra.at("error"), "Oops - BUG");
  EXPECT_EQ(records[1].esr, std::nullopt);
}

TEST(LinuxDump, OrdinaryLinesAreNoDump) {
  EXPECT_THAT(find_dumps("[    1.406814] sysrq: Trigger a crash\n[    1.4] Kernel panic - not syncing: sysrq\n"
                         "Unhandled nodes: 3\nBad mode in config\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bootrig
