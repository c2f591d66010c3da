// The walk: what the hardware does to translate a virtual address, step by step, from the registers of a regime and a
// guest's physical memory (DDI 0487, chapter D8). It ends in an address and its attributes, or in the fault, with the
// ESR that the hardware must report for it.
//
// It shows the tables as memory holds them: what a TLB remembers, caches hide or a machine's missing features change is
// left to others; notes name the features that a translation rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aarch64/syndrome.h"
#include "aarch64/translation.h"
#include "base/error.h"
#include "base/memory_reader.h"

namespace bootrig::aarch64 {

// One descriptor that was read.
struct WalkStep {
  int stage = 1;
  int level = 0;
  unsigned index = 0;
  std::uint64_t address = 0;  // of the descriptor; in the input space of the next stage (IPA under stage 2)
  std::uint64_t descriptor = 0;
  std::string meaning;  // "table at 0x7000b000", "block, PA 0x40000000, ...", "invalid"
};

struct WalkResult {
  // Set when it translates.
  std::optional<std::uint64_t> address;
  bool device = false;     // it is Device memory
  std::string attributes;  // "Normal WB, inner shareable, AF, RO, UXN"
  // Set when it does not.
  struct Fault {
    int stage = 1;
    FaultStatus status;
    std::string why;                   // "L0[0x1ff] is invalid", "EPD1 is set"
    std::uint64_t esr = 0;             // what the hardware must report (EC, IL, FSC, WnR, S1PTW; ISV as 0)
    bool stage1_walk = false;          // S1PTW: stage 2 refused the read of a stage 1 descriptor
    bool out_of_range = false;         // with the sizes in TCR no table could map the address
    std::optional<std::uint64_t> ipa;  // of a stage 2 fault: what HPFAR_EL2 holds, with the offset in the page
  };
  std::optional<Fault> fault;
  std::vector<WalkStep> steps;
  std::vector<std::string> notes;  // "MMU off: flat", "TBI: the top byte is ignored", "TTBR1_EL1, T1SZ 16, 4K granule"
  std::optional<Error>
      unreadable;  // memory that could not be read: the walk ends there, neither translated nor faulted
};

// `regime` EL2 is EL2&0 when HCR_EL2.E2H is set. An access from above the regime is one from its own level.
WalkResult walk(const TranslationRegisters& registers, Regime regime, std::uint64_t address, const Access& access,
                MemoryReader& memory);

}  // namespace bootrig::aarch64
