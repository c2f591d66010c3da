// What the tests of rules share: a machine at rest of one CPU, with the memory map of a machine of 1 GiB.
#pragma once

#include <gtest/gtest.h>

#include "testing/fake_inspection.h"
#include "triage/diagnosis.h"
#include "triage/rules/rules.h"

namespace bootrig {

inline constexpr std::uint64_t kTestCode = 0x40400000;  // RAM begins at 0x40000000
// DDI 0487, A64 base instructions.
inline constexpr std::uint32_t kWfe = 0xd503205f, kWfi = 0xd503207f, kNop = 0xd503201f;
inline constexpr std::uint32_t kBackToWfi = 0x17ffffff;  // b .-4
inline constexpr std::uint32_t kStore = 0xb9000022;      // str w2, [x1]
inline constexpr std::uint64_t kUndefined = 0x02000000;  // ESR_ELx: EC 0x00, IL

// MMU off, EL1 with SP_EL1, interrupts masked.
class RestRuleTest : public ::testing::Test {
 protected:
  RestRuleTest() {
    CpuState cpu;
    cpu.pstate = 0x3c5;
    cpu.pc = kTestCode;
    cpu.x[0] = 1;
    for (const char* name : {"SCTLR_EL1", "TCR_EL1", "TTBR0_EL1", "ESR_EL1", "ELR_EL1", "FAR_EL1", "SPSR_EL1"}) {
      cpu.system[name] = 0;
    }
    cpu.system["VBAR_EL1"] = kTestCode + 0x800;
    data_.states = {cpu};
    data_.memory[kTestCode] = std::string(0x2000, '\0');
    data_.memory[0] = std::string(0x1000, '\0');  // empty flash
    data_.answers["info mtree -f"] =
        "FlatView #0\n AS \"memory\", root: system\n"
        "  0000000000000000-0000000003ffffff (prio 0, romd): virt.flash0\n"
        "  0000000008000000-0000000008000fff (prio 0, i/o): gic_dist\n"
        "  0000000009000000-0000000009000fff (prio 0, i/o): pl011\n"
        "  0000000040000000-000000007fffffff (prio 0, ram): mach-virt.ram\n"
        "  0000004010000000-000000401fffffff (prio 0, i/o): pcie-mmcfg-mmio\n";
    symbols_ = SymbolTable::of({{"start", kTestCode, 0x800, true}, {"vectors", kTestCode + 0x800, 0x800, true}});
    evidence_.machine = &machine_;
    evidence_.symbols = &symbols_;
    evidence_.loaded = loaded_;
  }

  CpuState& cpu() { return data_.states.front(); }

  void put_code(std::uint64_t address, std::initializer_list<std::uint32_t> words) {
    for (const std::uint32_t word : words) {
      for (unsigned byte = 0; byte < 4; ++byte) {
        data_.memory[kTestCode][address - kTestCode + byte] = static_cast<char>(word >> (8 * byte));
      }
      address += 4;
    }
  }

  // An exception that registers alone tell of, taken at EL1 from EL1.
  void put_exception(std::uint64_t esr, std::uint64_t elr, std::uint64_t far) {
    cpu().system["ESR_EL1"] = esr;
    cpu().system["ELR_EL1"] = elr;
    cpu().system["FAR_EL1"] = far;
    cpu().system["SPSR_EL1"] = 0x3c5;
  }

  std::optional<Diagnosis> diagnose_it() {
    FakeInspection inspection(data_);
    evidence_.at_rest = &inspection;
    return diagnose(evidence_);
  }

  // Its root cause; "" when none is named.
  std::string cause() {
    last_ = diagnose_it();
    return last_ && last_->cause ? last_->cause->name : "";
  }
  std::string what() const { return last_ && last_->cause ? last_->cause->what : ""; }

  FakeInspectionData data_;
  MachineSpec machine_;
  SymbolTable symbols_;
  std::vector<LoadedRange> loaded_{{kTestCode, kTestCode + 0x1fff}};
  Evidence evidence_;
  std::optional<Diagnosis> last_;
};

}  // namespace bootrig
