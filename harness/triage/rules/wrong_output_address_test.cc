#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class WrongOutputAddress : public WindowTest {
 protected:
  WrongOutputAddress() {
    put(kUpper2, 0, (kKernel + 0x2000000) | kNormalBlock);
    dump(kUndefined, 0, kWindow);
  }
};

TEST_F(WrongOutputAddress, NamesTheValueThatBelongs) {
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "wrong-output-address");
  EXPECT_EQ(change(diagnosis), "the descriptor at 0x7000a000 <boot_lvl2_upper> is 0x42000711 and must be 0x40000711");
}

// The image was not loaded where it says: the table may be right.
TEST_F(WrongOutputAddress, NotWhenTheRightMemoryDoesNotHoldItEither) {
  memory_[kKernel] = page();
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(WrongOutputAddress, NotForAnUndefinedInstructionOfTheFileItself) {
  put(kUpper2, 0, kKernel | kNormalBlock);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// The kernel has copied itself, and the copy is the same.
TEST_F(WrongOutputAddress, NotForACopy) {
  memory_[kKernel + 0x2000000] = memory_[kKernel];
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(WrongOutputAddress, NotWhenNoFileIsKnown) {
  files_.clear();
  EXPECT_EQ(cause(diagnose_machine()), "");
}

}  // namespace
}  // namespace bootrig
