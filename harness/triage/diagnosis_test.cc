// The model case and its near misses, told from registers, memory and a dump as a machine gives them.
#include "triage/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/fake_inspection.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kWindow = 0xffffff8040000000;
constexpr std::uint64_t kL0 = 0x7000c000, kL1 = 0x7000b000, kL2 = 0x7000a000, kKernel = 0x40000000;

constexpr std::string_view kDump =
    "bootrig loader: enters the kernel\n"
    "bootrig loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1\n"
    "  ESR_EL1 0x0000000086000004\n  FAR_EL1 0xffffff8040000000\n  ELR_EL1 0xffffff8040000000\n";

std::string page_with(const std::map<unsigned, std::uint64_t>& descriptors) {
  std::string page(4096, '\0');
  for (const auto& [index, value] : descriptors) {
    for (unsigned byte = 0; byte < 8; ++byte) page[index * 8 + byte] = static_cast<char>(value >> (8 * byte));
  }
  return page;
}

class DiagnosisTest : public ::testing::Test {
 protected:
  DiagnosisTest() {
    CpuState cpu;
    cpu.pstate = 0x3c5;
    cpu.pc = 0x70002200;
    cpu.system = {{"SCTLR_EL1", 0x30d0198d}, {"TCR_EL1", 0x1285100510},  {"TTBR0_EL1", 0x7000d000},
                  {"TTBR1_EL1", kL0},        {"MAIR_EL1", 0xff440c0400}, {"ESR_EL1", 0x86000004},
                  {"FAR_EL1", kWindow},      {"ELR_EL1", kWindow}};
    data_.states = {cpu};
    data_.memory = {{kL0, page_with({})},
                    {kL1, page_with({{1, kL2 | 3}})},
                    {kL2, page_with({{0, kKernel | 0x711}})},
                    {kKernel, std::string(4096, '\0')}};
    symbols_ = SymbolTable::of({{"boot_lvl2_upper", kL2, 4096, false},
                                {"boot_lvl1_upper", kL1, 4096, false},
                                {"boot_lvl0_upper", kL0, 4096, false}});
  }

  std::optional<Diagnosis> run(std::string_view transcript = kDump) {
    FakeInspection machine(data_);
    return diagnose({transcript, nullptr, &machine, &symbols_});
  }

  FakeInspectionData data_;
  SymbolTable symbols_;
};

TEST_F(DiagnosisTest, NamesTheEntryThatIsMissingAndItsValue) {
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis);
  ASSERT_TRUE(diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-not-linked");
  EXPECT_EQ(diagnosis->cause->change,
            "the descriptor at 0x7000cff8 <boot_lvl0_upper+0xff8> must hold 0x7000b003 (boot_lvl1_upper | 3)");
  EXPECT_NE(diagnosis->headline.find("FAR = ELR = 0xffffff8040000000"), std::string::npos) << diagnosis->headline;
}

TEST_F(DiagnosisTest, WithoutADumpTheRegistersTell) {
  const auto diagnosis = run("the console says nothing of it\n");
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-not-linked");
  EXPECT_EQ(diagnosis->findings.front(), "the console has no dump; this is what the CPU's registers say");
}

// The lower tables are not there: nothing says what the entry should have been.
TEST_F(DiagnosisTest, NamesNothingWithoutATableToLink) {
  data_.memory[kL1] = page_with({});
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis);
  EXPECT_FALSE(diagnosis->cause);
}

// Two tables would do: which was meant cannot be told.
TEST_F(DiagnosisTest, NamesNothingWhenTwoTablesWouldDo) {
  data_.memory[0x70010000] = data_.memory[kL1];
  symbols_ = SymbolTable::of({{"one", kL1, 4096, false}, {"other", 0x70010000, 4096, false}});
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis);
  EXPECT_FALSE(diagnosis->cause);
}

TEST_F(DiagnosisTest, NothingToExplain) {
  data_.states[0].system["ESR_EL1"] = 0;
  EXPECT_FALSE(run("all is well\n"));
}

TEST_F(DiagnosisTest, TextAloneNamesTheEntryAndSaysWhatIsAssumed) {
  const auto diagnosis = diagnose({kDump, nullptr, nullptr, nullptr});
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-entry-missing");
  EXPECT_EQ(diagnosis->missing.back(),
            "the tables: what is said of their entries is from the text alone, with a granule of 4 KiB and 48 bits "
            "assumed");
}

// Another run of a board tells no more than this one.
TEST_F(DiagnosisTest, ABoardsTextIsAllThereIs) {
  const auto advises_a_run = [this](MachineKind kind) {
    const MachineSpec machine{.kind = kind};
    const auto diagnosis = diagnose({kDump, &machine, nullptr, &symbols_});
    return diagnosis && std::ranges::any_of(diagnosis->missing, [](const std::string& missing) {
             return missing.find("a live run") != missing.npos;
           });
  };
  EXPECT_TRUE(advises_a_run(MachineKind::kQemu));
  EXPECT_FALSE(advises_a_run(MachineKind::kBoard));
}

TEST_F(DiagnosisTest, ATruncatedMemoryEndsTheWalkNotTheProgram) {
  data_.memory.clear();
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis);
  EXPECT_FALSE(diagnosis->cause);
}

}  // namespace
}  // namespace bootrig
