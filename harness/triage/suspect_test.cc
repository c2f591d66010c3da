// A loader whose exception handler faults itself: nothing is printed, and the registers tell of the last fault alone.
#include <gtest/gtest.h>

#include "testing/fake_inspection.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/diagnosis.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kEntry = 0xffffff8040000000, kKernel = 0x40000000;
constexpr std::uint64_t kL0 = 0x70010000, kL1 = 0x70011000, kL2 = 0x70012000, kLower = 0x70013000, kLower1 = 0x70014000;
constexpr std::uint64_t kVectors = 0x70002000;

std::string page_with(const std::map<unsigned, std::uint64_t>& descriptors) {
  std::string page(4096, '\0');
  for (const auto& [index, value] : descriptors) {
    for (unsigned byte = 0; byte < 8; ++byte) page[index * 8 + byte] = static_cast<char>(value >> (8 * byte));
  }
  return page;
}

class SuspectTest : public ::testing::Test {
 protected:
  SuspectTest() {
    CpuState cpu;
    cpu.pstate = 0x3c5;
    cpu.pc = kVectors + 0x200;
    cpu.system = {{"SCTLR_EL1", 0x30d0198d}, {"TCR_EL1", 0x1285100510},  {"TTBR0_EL1", kLower},
                  {"TTBR1_EL1", kL0},        {"MAIR_EL1", 0xff440c0400}, {"ESR_EL1", 0x02000000},
                  {"FAR_EL1", 0x9000018},    {"VBAR_EL1", kVectors},     {"ELR_EL1", kVectors + 0x200}};
    data_.states = {cpu};
    code_ =
        "kernel code of some length, and twice as long as what is compared of it with memory, which is 64 bytes.....";
    data_.memory = {{kL0, page_with({})},
                    {kL1, page_with({{1, kL2 | 3}})},
                    {kL2, page_with({{0, kKernel | 0x711}})},
                    {kLower, page_with({{0, kLower1 | 3}})},
                    {kLower1, page_with({{1, 0x40000000 | 0x711}})},
                    {0x70000000, std::string(0x10000, '\0')},
                    {kKernel, code_ + std::string(4096, '\0')}};
    symbols_ = SymbolTable::of({{"l1", kL1, 4096, false}, {"l0", kL0, 4096, false}});
  }

  std::optional<Diagnosis> run(StoppedFor stopped_for = StoppedFor::kTime, std::uint64_t entry = kEntry) {
    const auto path = folder_.put("kernel.elf", small_elf({entry, kKernel, code_}, entry));
    files_.clear();
    files_.push_back(std::move(*LoadedElf::open(path)));
    std::vector<LoadedRange> loaded;
    for (const std::string& loader : loaders_) {
      files_.push_back(std::move(*LoadedElf::open(folder_.put("loader.elf", loader))));
      loaded.push_back({0x70000000, 0x7007ffff});
    }
    FakeInspection machine(data_);
    return diagnose({"jumping to the kernel\n", nullptr, &machine, &symbols_, stopped_for, files_, loaded});
  }

  TestFolder folder_;
  std::vector<LoadedElf> files_;
  std::vector<std::string> loaders_;  // ELF files, besides the kernel's
  std::string code_;
  FakeInspectionData data_;
  SymbolTable symbols_;
};

TEST_F(SuspectTest, NamesTheEntryThatCannotBeFetched) {
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-not-linked");
  EXPECT_EQ(diagnosis->cause->change, "the descriptor at 0x70010ff8 <l0+0xff8> must hold 0x70011003 (l1 | 3)");
  EXPECT_NE(diagnosis->headline.find("kernel.elf is loaded at 0x40000000, but its entry 0xffffff8040000000"),
            std::string::npos)
      << diagnosis->headline;
}

TEST_F(SuspectTest, AHandlerThatFaultsItself) {
  data_.states[0].pc = 0x70004f8c;
  data_.states[0].system["ESR_EL1"] = 0x96000005;
  data_.states[0].system["ELR_EL1"] = 0x70004f88;
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-not-linked");
  const auto unknown = run(StoppedFor::kConsole);
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->headline.find("lost"), std::string::npos);
}

// Linked in the one half that EL2 has, with EL2's instructions: no table of EL1's is to be mended.
TEST_F(SuspectTest, AProgramForEl2) {
  constexpr std::uint64_t kLowerEntry = 0x8040000000;
  const auto is_for_el2 = [&](std::uint64_t entry) {
    const auto diagnosis = run(StoppedFor::kTime, entry);
    return diagnosis && diagnosis->cause && diagnosis->cause->name == "hypervisor-image-below-el2";
  };
  EXPECT_FALSE(is_for_el2(kLowerEntry));
  code_.replace(64, 4, std::string("\x00\x11\x1c\xd5", 4));  // msr HCR_EL2, x0
  data_.memory[kKernel] = code_ + std::string(4096, '\0');
  EXPECT_TRUE(is_for_el2(kLowerEntry));
  EXPECT_FALSE(is_for_el2(kEntry));
}

// EL2 has no upper half: it is not entered there with any table.
TEST_F(SuspectTest, AProgramForEl1AtEl2) {
  CpuState& cpu = data_.states[0];
  cpu.pstate = 0x3c9;
  cpu.pc = 0x200;
  cpu.system = {{"SCTLR_EL2", 0x30d0198d}, {"TCR_EL2", 0x80853510}, {"TTBR0_EL2", kLower}, {"MAIR_EL2", 0xff440c0400},
                {"ESR_EL2", 0x02000000},   {"FAR_EL2", 0x200},      {"VBAR_EL2", 0},       {"ELR_EL2", 0x200},
                {"SPSR_EL2", 0x3c9},       {"HCR_EL2", 0}};
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "image-entered-at-el2");
  const auto lower = run(StoppedFor::kTime, 0x8040000000);
  ASSERT_TRUE(lower && lower->cause);
  EXPECT_NE(lower->cause->name, "image-entered-at-el2");
}

// No vectors at all: the suspect explains what they met; without it, that they are missing is all there is.
TEST_F(SuspectTest, BehindVectorsThatNobodyHasSet) {
  auto& system = data_.states[0].system;
  data_.states[0].pc = system["ELR_EL1"] = 0x200;
  system["VBAR_EL1"] = 0;
  system["SPSR_EL1"] = 0x3c5;
  data_.memory[kL0] = page_with({{0x1ff, kL1 | 3}});
  data_.memory[kL2] = page_with({{0, kKernel | 0x311}});
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "access-flag-clear");
  data_.memory[kL2] = page_with({{0, kKernel | 0x711}});
  const auto mapped = run();
  ASSERT_TRUE(mapped && mapped->cause);
  EXPECT_EQ(mapped->cause->name, "vectors-not-set");
}

// A loader whose own tables lie in it, and do not map it: lost as it turns them on.
TEST_F(SuspectTest, ALoaderThatDoesNotMapItself) {
  auto& system = data_.states[0].system;
  data_.states[0].pc = system["ELR_EL1"] = 0x200;
  system["VBAR_EL1"] = 0;
  system["SPSR_EL1"] = 0x3c5;
  data_.memory[kL0] = page_with({{0x1ff, kL1 | 3}});
  data_.memory[kLower] = page_with({});
  const std::string loader = code_ + std::string(0x20000, '\0');
  data_.memory[0x70000000] = loader.substr(0, 0x10000);
  loaders_.push_back(small_elf({0x70000000, 0x70000000, loader}, 0x70000000));
  const auto diagnosis = run();
  ASSERT_TRUE(diagnosis && diagnosis->cause);
  EXPECT_EQ(diagnosis->cause->name, "table-not-linked");
  EXPECT_EQ(diagnosis->cause->change,
            "the descriptor at 0x70013000 must hold 0x70014003 (the table at 0x70014000 | 3)");
  // Tables of another program's, which came after it: it need not be mapped any more.
  system["TTBR0_EL1"] = 0x70080000;
  data_.memory[0x70080000] = page_with({});
  EXPECT_EQ(run()->cause->name, "vectors-not-set");
}

// Near misses: the kernel is not there yet, it is mapped, it has run already, the MMU is off.
TEST_F(SuspectTest, NamesNothingWithoutReason) {
  const FakeInspectionData sound = data_;
  const auto is_suspected = [&] {
    const auto diagnosis = run();
    return diagnosis && diagnosis->headline.find("its entry") != std::string::npos;
  };
  ASSERT_TRUE(is_suspected());
  data_.memory[kKernel] = std::string(4096, '\0');
  EXPECT_FALSE(is_suspected());
  data_ = sound;
  data_.memory[kL0] = page_with({{0x1ff, kL1 | 3}});
  EXPECT_FALSE(is_suspected());
  data_ = sound;
  data_.states[0].system["ELR_EL1"] = kEntry + 4;
  EXPECT_FALSE(is_suspected());
  data_ = sound;
  data_.states[0].system["SCTLR_EL1"] = 0x30d0198c;
  EXPECT_FALSE(is_suspected());
}

}  // namespace
}  // namespace bootrig
