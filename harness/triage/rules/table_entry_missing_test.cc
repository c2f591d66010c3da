#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class TableEntryMissing : public WindowTest {};

TEST_F(TableEntryMissing, ABlockAsItsNeighbourHasIt) {
  put(kUpper2, 0, 0);
  dump(kFetchAbort | kTranslationLevel2, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "table-entry-missing");
  EXPECT_EQ(diagnosis.cause->what,
            "the level 2 table at 0x7000a000 <boot_lvl2_upper> has no entry [0x0] for 0xffffff8040000000, where "
            "kernel.elf has its code");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000a000 <boot_lvl2_upper> must hold 0x40000711, as the one beside it leads to the "
            "memory beside");
}

TEST_F(TableEntryMissing, ABlockWithoutNeighbours) {
  memory_[kUpper2] = page();
  dump(kFetchAbort | kTranslationLevel2, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000a000 <boot_lvl2_upper> must hold a block of 0x40000000, or a table that leads to "
            "0x40000000");
}

// No table leads to the kernel any more, so none can be linked.
TEST_F(TableEntryMissing, AtLevel0) {
  memory_[kUpper0] = page();
  memory_[kUpper1] = page();
  memory_[kUpper2] = page();
  memory_[kLower1] = page();
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must point to a table that leads to 0x40000000");
}

TEST_F(TableEntryMissing, NotWhereNoFileHasAnything) {
  dump(kFetchAbort | kTranslationLevel2, kWindow + 0x600000, kWindow + 0x600000);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(TableEntryMissing, NotForAFetchOfData) {
  add_file("data.elf", kWindow + 0x600000, kKernel + 0x600000, "data", kRead | kWrite);
  dump(kFetchAbort | kTranslationLevel2, kWindow + 0x600000, kWindow + 0x600000);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

// A user program has something at the address; that says nothing of what the kernel may access.
TEST_F(TableEntryMissing, NotForTheKernelAtAnAddressOfAUserProgram) {
  add_file("user.elf", 0x8000000000, 0x8000000000, "code", kRead | kExecute);
  dump(kReadAbort | kTranslationLevel0, 0x8000000000, kWindow);
  EXPECT_NE(cause(diagnose_machine()), "table-entry-missing");
}

TEST_F(TableEntryMissing, OfAUserProgram) {
  add_file("user.elf", 0x8000000000, 0x8000000000, "code", kRead | kExecute);
  dump(kUserFetch | kTranslationLevel0, 0x8000000000, 0x8000000000, {}, true);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000d008 <boot_lvl0_lower+0x8> must lead to the memory that holds code of user.elf");
}

// The text alone: no machine, no files.
TEST_F(TableEntryMissing, ByTheTextAlone) {
  files_.clear();
  names_.clear();
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_text();
  EXPECT_EQ(cause(diagnosis), "table-entry-missing");
  EXPECT_EQ(diagnosis.cause->what,
            "the upper level 0 table (TTBR1_EL1) has no valid entry [0x1ff] for 0xffffff8040000000: what is entered "
            "there is not mapped");
}

// The model case as its reporter pasted it: no ELR, no symbols, nothing but the dump.
TEST_F(TableEntryMissing, ByTheTextOfALoader) {
  files_.clear();
  names_.clear();
  text_ =
      "LDR|ERROR: loader trapped exception: Synchronous (Current Exception level with SP_ELx)\n"
      "    esr_el1: 0x0000000086000004\n"
      "    ec: 0x00000021 (Instruction Abort taken without a change in Exception level)\n"
      "    il: 0x0000000000000001\n    iss: 0x0000000000000004\n    far: 0xffffff8040000000\n"
      "    reg: 0x00000000: 0x0000000040041000\n";
  EXPECT_EQ(diagnose_text().cause.value_or(RootCause{}).what,
            "the upper level 0 table (TTBR1_EL1) has no valid entry [0x1ff] for 0xffffff8040000000: what is entered "
            "there is not mapped");
}

TEST_F(TableEntryMissing, ByTheTextAndAFile) {
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_text();
  EXPECT_EQ(diagnosis.cause.value_or(RootCause{}).what,
            "the upper level 1 table (below TTBR1_EL1) has no valid entry [0x1] for 0xffffff8040000000, where "
            "kernel.elf has its code: what is entered there is not mapped");
  EXPECT_EQ(change(diagnosis), "the descriptor at offset 0x8 of that table must lead to 0x40000000");
}

TEST_F(TableEntryMissing, NotByTheTextWhereTheFilesHaveNoCode) {
  dump(kFetchAbort | kTranslationLevel1, kWindow + 0x600000, kWindow + 0x600000);
  EXPECT_EQ(cause(diagnose_text()), "");
}

TEST_F(TableEntryMissing, NotByTheTextOfAReturn) {
  files_.clear();
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow, {{"x30", kWindow}});
  EXPECT_NE(cause(diagnose_text()), "table-entry-missing");
}

TEST_F(TableEntryMissing, NotByTheTextAtAnOddPlaceOrOfData) {
  files_.clear();
  dump(kFetchAbort | kTranslationLevel0, kWindow + 0x124, kWindow + 0x124);
  EXPECT_EQ(cause(diagnose_text()), "");
  dump(kReadAbort | kTranslationLevel0, kWindow, kWindow + 0x1000);
  EXPECT_EQ(cause(diagnose_text()), "");
  dump(kFetchAbort | kTranslationLevel0, 0x6f6f206400001000, 0x6f6f206400001000);
  EXPECT_EQ(cause(diagnose_text()), "jump-to-garbage");
}

}  // namespace
}  // namespace bootrig
