// For the tests of rules: a machine of plain data, whose kernel window is mapped as a loader maps it. A test breaks one
// thing and asks for the diagnosis.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "testing/fake_inspection.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"
#include "triage/diagnosis.h"

namespace bootrig {

class WindowTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kWindow = 0xffffff8040000000, kKernel = 0x40000000, kLoader = 0x70000000;
  static constexpr std::uint64_t kUpper0 = 0x7000c000, kUpper1 = 0x7000b000, kUpper2 = 0x7000a000;
  static constexpr std::uint64_t kLower0 = 0x7000d000, kLower1 = 0x7000e000;
  // Normal memory (AttrIndx 4), inner shareable, AF: as the loaders of seL4 systems set a block.
  static constexpr std::uint64_t kNormalBlock = 0x711, kDeviceBlock = 0x401;

  static constexpr std::uint32_t kRead = 4, kWrite = 2, kExecute = 1;  // p_flags

  WindowTest() {
    cpu_.pstate = 0x3c5;
    cpu_.pc = 0x70002200;
    cpu_.system = {{"SCTLR_EL1", 0x30d0198d}, {"TCR_EL1", 0x1285100510},  {"TTBR0_EL1", kLower0},
                   {"TTBR1_EL1", kUpper0},    {"MAIR_EL1", 0xff440c0400}, {"VBAR_EL1", kLoader + 0x800}};
    for (const std::uint64_t table : {kUpper0, kUpper1, kUpper2, kLower0, kLower1}) memory_[table] = page();
    put(kUpper0, 0x1ff, kUpper1 | 3);
    put(kUpper1, 1, kUpper2 | 3);
    put(kUpper2, 0, kKernel | kNormalBlock);
    put(kUpper2, 1, (kKernel + 0x200000) | kNormalBlock);
    put(kLower0, 0, kLower1 | 3);
    for (unsigned gib = 0; gib < 4; ++gib) put(kLower1, gib, (std::uint64_t{gib} << 30) | kDeviceBlock);
    for (const auto& [name, at] : std::map<std::string, std::uint64_t>{{"boot_lvl0_upper", kUpper0},
                                                                       {"boot_lvl1_upper", kUpper1},
                                                                       {"boot_lvl2_upper", kUpper2},
                                                                       {"boot_lvl0_lower", kLower0},
                                                                       {"boot_lvl1_lower", kLower1}}) {
      names_.push_back({name, at, 4096, false});
    }
    std::string code;
    for (unsigned i = 0; i < 4096; ++i) code += static_cast<char>(i * 7 + 1);
    memory_[kKernel] = code;
    memory_[kKernel + 0x2000000] = page();
    add_file("kernel.elf", kWindow, kKernel, code, kRead | kExecute);
    map_ =
        "FlatView #0\n AS \"memory\", root: system\n Root memory region: system\n"
        "  0000000009000000-0000000009000fff (prio 0, i/o): pl011\n"
        "  0000000040000000-00000000bfffffff (prio 0, ram): mach-virt.ram\n";
  }

  static std::string page() { return std::string(4096, '\0'); }
  void put(std::uint64_t table, unsigned index, std::uint64_t descriptor) {
    for (unsigned byte = 0; byte < 8; ++byte) {
      memory_.at(table)[index * 8 + byte] = static_cast<char>(descriptor >> (8 * byte));
    }
  }
  void put_code(std::uint64_t physical, std::uint32_t instruction) {
    std::string& bytes = memory_.at(physical & ~std::uint64_t{4095});
    for (unsigned byte = 0; byte < 4; ++byte) {
      bytes[(physical & 4095) + byte] = static_cast<char>(instruction >> (8 * byte));
    }
  }

  // An ELF file of one segment; `memory_size` 0: no more than the bytes.
  void add_file(const std::string& name, std::uint64_t address, std::uint64_t physical, const std::string& bytes,
                std::uint32_t flags, std::uint64_t memory_size = 0) {
    const std::string file = small_elf({address, physical, bytes, memory_size, flags}, address);
    auto opened = LoadedElf::open(folder_.put(name, file));
    ASSERT_TRUE(opened);
    files_.push_back(std::move(*opened));
  }

  // What the loader or kernel printed, in the form of the images that come with bootrig.
  void dump(std::uint64_t esr, std::uint64_t far, std::uint64_t elr,
            const std::map<std::string, std::uint64_t>& more = {}, bool user = false) {
    text_ = fmt::format("bootrig kernel: {} Synchronous, {}, taken to EL1\n", user ? "USER FAULT" : "EXCEPTION",
                        user ? "lower EL using AArch64" : "current EL with SP_ELx");
    text_ += fmt::format("  ESR_EL1 {:#018x}\n  FAR_EL1 {:#018x}\n  ELR_EL1 {:#018x}\n  SPSR_EL1 {:#018x}\n", esr, far,
                         elr, user ? 0x3c0 : 0x3c5);
    for (const auto& [name, value] : more) text_ += fmt::format("  {} {:#018x}\n", name, value);
    text_ += "bootrig kernel: end of dump\n";
  }

  Diagnosis diagnose_machine() {
    FakeInspection machine({{cpu_}, memory_, {{"info mtree -f", map_}}});
    return with(&machine);
  }
  Diagnosis diagnose_text() { return with(nullptr); }

  // "": none.
  static std::string cause(const Diagnosis& diagnosis) { return diagnosis.cause ? diagnosis.cause->name : ""; }
  static std::string change(const Diagnosis& diagnosis) { return diagnosis.cause ? diagnosis.cause->change : ""; }

  CpuState cpu_;
  std::map<std::uint64_t, std::string> memory_;
  std::vector<Symbol> names_;
  std::vector<LoadedElf> files_;
  std::vector<LoadedRange> loaded_{{kLoader, kLoader + 0x1ffff}};
  std::string map_, text_;

 private:
  Diagnosis with(Inspection* machine) {
    const SymbolTable symbols = SymbolTable::of(names_);
    auto diagnosis = diagnose({text_, nullptr, machine, &symbols, StoppedFor::kConsole, files_, loaded_});
    EXPECT_TRUE(diagnosis);
    return diagnosis.value_or(Diagnosis{});
  }

  TestFolder folder_;
};

// ESR_EL1 of aborts taken without a change of level, and from EL0: EC, IL and the status code.
inline constexpr std::uint64_t kFetchAbort = 0x86000000, kReadAbort = 0x96000000, kWriteAbort = 0x96000040;
inline constexpr std::uint64_t kUserRead = 0x92000000, kUserWrite = 0x92000040, kUserFetch = 0x82000000;
inline constexpr std::uint64_t kTranslationLevel0 = 4, kTranslationLevel1 = 5, kTranslationLevel2 = 6,
                               kAccessFlagLevel2 = 10, kPermissionLevel2 = 14, kAlignment = 0x21;

}  // namespace bootrig
