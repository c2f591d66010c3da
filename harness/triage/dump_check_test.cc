// A dump against the machine at rest.
#include "triage/dump_check.h"

#include <gmock/gmock.h>

#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kBreakpoint = 0xf2000000;  // EC 0x3c
constexpr std::uint64_t kCode = 0x70001000;

class DumpCheckTest : public WindowTest {
 protected:
  DumpCheckTest() { memory_[kCode] = page(); }

  // What the machine has of its last exception.
  void machine_has(std::uint64_t esr, std::uint64_t elr, std::uint64_t far) {
    cpu_.system["ESR_EL1"] = esr;
    cpu_.system["ELR_EL1"] = elr;
    cpu_.system["FAR_EL1"] = far;
    cpu_.system["SPSR_EL1"] = 0x3c5;
  }
};

TEST_F(DumpCheckTest, AFrameOfZeroes) {
  put(kUpper0, 0x1ff, 0);
  machine_has(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  dump(0, 0, 0);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "table-not-linked");  // the true one
  EXPECT_THAT(diagnosis.findings,
              Contains(HasSubstr("the dump: ESR_EL1 is printed as 0x0, and the machine holds 0x86000004: no exception "
                                 "leaves an ESR of 0")));
}

TEST_F(DumpCheckTest, ASyndromeThatNoRuleExplains) {
  machine_has(kBreakpoint, kCode, 0);
  dump(0, 0, kCode);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "dump-contradicts-machine");
  EXPECT_THAT(diagnosis.cause->what, HasSubstr("ESR_EL1 is printed as 0x0, and the machine holds 0xf2000000"));
}

TEST_F(DumpCheckTest, ADumpThatAgrees) {
  machine_has(kBreakpoint, kCode, 0);
  dump(kBreakpoint, 0, kCode);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// Another exception since: the machine's registers are not those of the dump.
TEST_F(DumpCheckTest, TheCpuHasGoneOn) {
  machine_has(0x56000000, kCode + 0x40, 0);
  dump(kBreakpoint, 0, kCode);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "");
  EXPECT_THAT(diagnosis.findings, Not(Contains(HasSubstr("the machine is believed"))));
}

// The same instruction, interrupted since: its state tells.
TEST_F(DumpCheckTest, TheSamePlaceInAnotherState) {
  machine_has(0x56000000, kCode, 0);
  cpu_.system["SPSR_EL1"] = 0x80000305;
  dump(kBreakpoint, 0, kCode);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(DumpCheckTest, AFaultAddressThatTheMachineContradicts) {
  put(kUpper0, 0x1ff, 0);
  machine_has(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  dump(kFetchAbort | kTranslationLevel0, 0x1234, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "table-not-linked");
  EXPECT_THAT(diagnosis.findings, Contains(HasSubstr("the dump: FAR_EL1 is printed as 0x1234")));
}

TEST_F(DumpCheckTest, APlaceThatWasLost) {
  machine_has(kReadAbort | kTranslationLevel0, kCode, 0x1234567000);
  dump(kReadAbort | kTranslationLevel0, 0x1234567000, 0);
  EXPECT_THAT(diagnose_machine().findings, Contains(HasSubstr("the dump: ELR_EL1 is printed as 0x0")));
}

// A call of null leaves an ELR of 0 rightly, and interrupts since another.
TEST_F(DumpCheckTest, ACallOfNull) {
  machine_has(kFetchAbort | kTranslationLevel0, kCode, 0);
  dump(kFetchAbort | kTranslationLevel0, 0, 0);
  EXPECT_THAT(diagnose_machine().findings, Not(Contains(HasSubstr("the machine is believed"))));
}

TEST_F(DumpCheckTest, TextAloneContradictsNothing) {
  dump(0, 0, kCode);
  EXPECT_EQ(cause(diagnose_text()), "");
}

}  // namespace
}  // namespace bootrig
