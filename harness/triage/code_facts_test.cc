// The code at fault and its callers, as a diagnosis shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CodeFactsTest : public WindowTest {
 protected:
  CodeFactsTest() {
    names_.push_back({"console_put", kWindow + 0x100, 0x40, true});
    names_.push_back({"kernel_main", kWindow + 0x200, 0x40, true});
    put_code(kKernel + 0x120, 0xb9000001);  // str w1, [x0]
    files_.clear();
    // A stack in the kernel's window: a frame record of kernel_main's.
    put(kUpper2, 1, (kKernel + 0x200000) | kNormalBlock);
    memory_[kKernel + 0x200000] = page();
    put_value(kKernel + 0x200100, 0);
    put_value(kKernel + 0x200108, 0);
  }
  void put_value(std::uint64_t physical, std::uint64_t value) {
    put_code(physical, static_cast<std::uint32_t>(value));
    put_code(physical + 4, static_cast<std::uint32_t>(value >> 32));
  }
  void abort() {
    dump(kReadAbort | kTranslationLevel2, 0x10, kWindow + 0x120,
         {{"x29", kWindow + 0x200100}, {"x30", kWindow + 0x210}, {"SP", kWindow + 0x200100}});
  }
};

TEST_F(CodeFactsTest, TheInstructionAndItsCaller) {
  abort();
  const Diagnosis diagnosis = diagnose_machine();
  ASSERT_GE(diagnosis.code.size(), 2u);
  EXPECT_EQ(diagnosis.code.front(), "0xffffff8040000120 <console_put+0x20>");
  EXPECT_THAT(diagnosis.code, ::testing::Contains(HasSubstr("> 0xffffff8040000120  b9000001  str w1, [x0]")));
  EXPECT_THAT(diagnosis.backtrace, ElementsAre(StartsWith("#0 0xffffff8040000120 <console_put+0x20>"),
                                               StartsWith("#1 0xffffff804000020c <kernel_main+0xc>")));
}

// The bytes of the file stand before those of a memory that may be wrong.
TEST_F(CodeFactsTest, TheFileIsBelievedBeforeMemory) {
  std::string code(0x400, '\0');
  code.replace(0x120, 4, std::string("\x7f\x20\x03\xd5"));  // wfi
  add_file("kernel.elf", kWindow, kKernel, code, kRead | kExecute);
  abort();
  EXPECT_THAT(diagnose_machine().code, ::testing::Contains(HasSubstr("> 0xffffff8040000120  d503207f  wfi")));
}

// A fetch that failed has no instruction to show.
TEST_F(CodeFactsTest, NothingWhereNothingWasFetched) {
  dump(kFetchAbort | kTranslationLevel0, 0xffffa00000000000, 0xffffa00000000000);
  EXPECT_THAT(diagnose_machine().code, IsEmpty());
}

}  // namespace
}  // namespace bootrig
