// Tables of one depth, and a TCR that says another.
#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class TableDepth : public WindowTest {
 protected:
  void set_upper_size(std::uint64_t size) {  // TCR_EL1.T1SZ, bits 21:16
    cpu_.system["TCR_EL1"] = (cpu_.system["TCR_EL1"] & ~(std::uint64_t{0x3f} << 16)) | size << 16;
  }
};

// 39 bits begin at level 1 (DDI 0487, table D8-14); the tables have four levels.
TEST_F(TableDepth, TcrSaysThreeLevelsOfFour) {
  set_upper_size(25);
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "wrong-table-depth");
  EXPECT_EQ(diagnosis.cause->what,
            "TCR_EL1.T1SZ is 25: the walk begins at level 1, but the tables at 0x7000c000 <boot_lvl0_upper> begin at "
            "level 0; read so, they lead 0xffffff8040000000 to 0x40000000, where memory holds what kernel.elf has");
  EXPECT_EQ(change(diagnosis), "TCR_EL1.T1SZ must be 16, or the tables must be built for 39 bits");
}

// Read from the other level the tables lead to other memory, or nowhere: they are incomplete.
TEST_F(TableDepth, NearMisses) {
  set_upper_size(25);
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  memory_[kKernel] = page();
  EXPECT_NE(cause(diagnose_machine()), "wrong-table-depth");
  set_upper_size(16);
  put(kUpper0, 0x1ff, 0);
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  EXPECT_NE(cause(diagnose_machine()), "wrong-table-depth");
}

// Right tables with an entry missing are not of another depth.
TEST_F(TableDepth, AnEntryThatIsMissing) {
  put(kUpper0, 0x1ff, 0);
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "table-not-linked");
}

}  // namespace
}  // namespace bootrig
