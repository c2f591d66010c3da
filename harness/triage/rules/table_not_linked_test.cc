#include "triage/rules/window_test.h"

namespace bootrig {
namespace {

class TableNotLinked : public WindowTest {
 protected:
  TableNotLinked() { dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow); }
};

// The loader of real systems: the upper table was never written; the lower one has the entry, for EL2; and its blocks
// of device memory would lead to the same address.
TEST_F(TableNotLinked, NamesTheTableThatATwinPointsToAtTheSameIndex) {
  put(kUpper0, 0x1ff, 0);
  put(kLower0, 0x1ff, kUpper1 | 3);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "table-not-linked");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
  EXPECT_NE(diagnosis.cause->what.find("only 0x7000dff8 <boot_lvl0_lower+0xff8>"), std::string::npos);
}

TEST_F(TableNotLinked, NeedsNoSymbols) {
  put(kUpper0, 0x1ff, 0);
  names_.clear();
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "table-not-linked");
  EXPECT_EQ(change(diagnosis), "the descriptor at 0x7000cff8 must hold 0x7000b003 (the table at 0x7000b000 | 3)");
}

// Of the booted loader alone, without the kernel's file: its symbols say which are its tables.
TEST_F(TableNotLinked, OfTheLoaderAlone) {
  put(kUpper0, 0x1ff, 0);
  files_.clear();
  add_file("loader.elf", kLoader, kLoader, std::string(0x1000, '\1'), kRead | kWrite | kExecute);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
  // Linked elsewhere, or without a name, it may be there for something else; and so it may be for data.
  put(kLower0, 0x1ff, kUpper1 | 3);
  EXPECT_EQ(cause(diagnose_machine()), "");
  put(kLower0, 0x1ff, 0);
  dump(kReadAbort | kTranslationLevel0, kWindow, kLoader);
  EXPECT_EQ(cause(diagnose_machine()), "");
  dump(kFetchAbort | kTranslationLevel0, kWindow, kWindow);
  names_.clear();
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(TableNotLinked, AtLevel1) {
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  put(kUpper1, 1, 0);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000b008 <boot_lvl1_upper+0x8> must hold 0x7000a003 (boot_lvl2_upper | 3)");
}

// The upper table points to memory without a table in it; the table that belongs there is filled, and nothing points to
// it.
TEST_F(TableNotLinked, WhereAnEmptyTableStandsInItsPlace) {
  constexpr std::uint64_t kEmpty = 0x7fff0000;
  memory_[kEmpty] = page();
  put(kUpper0, 0x1ff, kEmpty | 3);
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
  EXPECT_NE(diagnosis.cause->what.find("is 0x7fff0003, which points to a table without any entry"), std::string::npos);
}

// As above, and the table that belongs there is linked for another level's sake.
TEST_F(TableNotLinked, WhereAnEmptyTableStandsInThePlaceOfALinkedOne) {
  constexpr std::uint64_t kEmpty = 0x7fff0000;
  memory_[kEmpty] = page();
  put(kUpper0, 0x1ff, kEmpty | 3);
  put(kLower0, 1, kUpper1 | 3);
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
}

// The next table is free as well: the empty one is the right one, and was not filled.
TEST_F(TableNotLinked, AnEmptyTableThatTheNextOneBelongsIn) {
  memory_[kUpper1] = page();
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000b008 <boot_lvl1_upper+0x8> must hold 0x7000a003 (boot_lvl2_upper | 3)");
}

TEST_F(TableNotLinked, AtLevel2) {
  constexpr std::uint64_t kPages = 0x7000f000;
  memory_[kPages] = page();
  names_.push_back({"boot_lvl3_upper", kPages, 4096, false});
  put(kPages, 0, kKernel | 0x713);
  put(kUpper2, 0, 0);
  dump(kFetchAbort | kTranslationLevel2, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000a000 <boot_lvl2_upper> must hold 0x7000f003 (boot_lvl3_upper | 3)");
}

// 64 KiB granule, 48 bits: levels 1 to 3, tables of 64 KiB, blocks of 512 MiB at level 2.
TEST_F(TableNotLinked, With64KiB) {
  constexpr std::uint64_t kRoot = 0x70100000, kNext = 0x70110000;
  constexpr std::uint64_t kTg1Is64K = std::uint64_t{3} << 30;  // DDI 0487, TCR_EL1.TG1: 0b11
  cpu_.system["TCR_EL1"] = 0x1285100510 | kTg1Is64K;
  cpu_.system["TTBR1_EL1"] = kRoot;
  for (const std::uint64_t table : {kRoot, kNext}) memory_[table] = std::string(0x10000, '\0');
  put(kNext, (kWindow >> 29) & 0x1fff, kKernel | kNormalBlock);
  names_ = {{"root", kRoot, 0x10000, false}, {"next", kNext, 0x10000, false}};
  dump(kFetchAbort | kTranslationLevel1, kWindow, kWindow);
  EXPECT_EQ(change(diagnose_machine()), "the descriptor at 0x701001f8 <root+0x1f8> must hold 0x70110003 (next | 3)");
}

// A table that nothing points to, but memory there is not what the file has: a decoy, whatever it is named.
TEST_F(TableNotLinked, ATableThatLeadsElsewhereIsNotMeant) {
  constexpr std::uint64_t kDecoy = 0x7000f000, kDecoy2 = 0x70010000;
  put(kUpper0, 0x1ff, 0);
  for (const std::uint64_t table : {kDecoy, kDecoy2}) memory_[table] = page();
  put(kDecoy, 1, kDecoy2 | 3);
  put(kDecoy2, 0, (kKernel + 0x2000000) | kNormalBlock);
  names_.push_back({"decoy", kDecoy, 4096, false});
  EXPECT_EQ(change(diagnose_machine()),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
}

// Memory at the end of the walk has other bytes than the kernel: that table is not shown to be the one.
TEST_F(TableNotLinked, AKernelThatWasNotLoadedProvesNoTable) {
  put(kUpper0, 0x1ff, 0);
  memory_[kKernel] = page();
  EXPECT_EQ(cause(diagnose_machine()), "table-entry-missing");
}

TEST_F(TableNotLinked, TwoThatLeadToTheSameAreSaidNotNamed) {
  constexpr std::uint64_t kCopy = 0x7000f000;
  put(kUpper0, 0x1ff, 0);
  memory_[kCopy] = memory_[kUpper1];
  names_.push_back({"copy", kCopy, 4096, false});
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_EQ(cause(diagnosis), "");
  EXPECT_EQ(diagnosis.findings.back(),
            "several tables would do, and which was meant cannot be told: 0x7000b000 <boot_lvl1_upper> 0x7000f000 "
            "<copy>");
}

// The kernel reads an address that no file has: that a table would lead somewhere is no evidence.
TEST_F(TableNotLinked, AWildAddressIsNoMissingTable) {
  dump(kReadAbort | kTranslationLevel0, 0x8000001000, kWindow + 0x100);
  const Diagnosis diagnosis = diagnose_machine();
  EXPECT_NE(cause(diagnosis), "table-not-linked");
}

// The tables have changed since: they give another fault than the one that was reported.
TEST_F(TableNotLinked, TablesOfAnotherTimeSayNothing) {
  put(kUpper0, 0x1ff, 0);
  dump(kFetchAbort | kTranslationLevel2, kWindow, kWindow);
  EXPECT_EQ(cause(diagnose_machine()), "");
}

TEST_F(TableNotLinked, TablesThatPointToThemselvesEndTheSearch) {
  put(kUpper0, 0x1ff, 0);
  for (unsigned i = 0; i < 512; ++i) put(kUpper1, i, kUpper1 | 3);
  names_.clear();
  EXPECT_NE(cause(diagnose_machine()), "table-not-linked");
}

// Without a machine, by the tables that the image's file holds.
TEST_F(TableNotLinked, InTheFilesOfAnImage) {
  put(kUpper0, 0x1ff, 0);
  put(kLower0, 0x1ff, kUpper1 | 3);
  std::string image(0xa000, '\1');
  for (std::uint64_t table = kUpper2; table <= kLower1; table += 4096) image += memory_.at(table);
  add_file("loader.elf", kLoader, kLoader, image, kRead | kWrite | kExecute);
  const Diagnosis diagnosis = diagnose_text();
  EXPECT_EQ(cause(diagnosis), "table-not-linked");
  EXPECT_EQ(change(diagnosis),
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> (offset 0xd070 of loader.elf) must hold 0x7000b003 "
            "(boot_lvl1_upper | 3)");
  EXPECT_FALSE(diagnosis.missing.empty());
}

// Tables that are built at run time are zeros in the file: which of them is the root cannot be told.
TEST_F(TableNotLinked, EmptyTablesInAFileNameNoTable) {
  add_file("loader.elf", kLoader, kLoader, std::string(0xf000, '\0'), kRead | kWrite | kExecute);
  const Diagnosis diagnosis = diagnose_text();
  EXPECT_EQ(cause(diagnosis), "table-entry-missing");
  EXPECT_TRUE(diagnosis.walk.empty());
}

}  // namespace
}  // namespace bootrig
