// The walk: what the hardware does to translate a virtual address, step by step, from the registers of a regime and a
// guest's physical memory (DDI 0487, chapter D8). It ends in an address and its attributes, or in the fault, with the
// ESR that the hardware must report for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aarch64/syndrome.h"
#include "base/error.h"
#include "base/memory_reader.h"

namespace bootrig::aarch64 {

enum class Regime { kEl10, kEl2, kEl20, kEl3 };  // EL1&0, EL2, EL2&0, EL3
std::string_view to_text(Regime regime);

// The registers that a walk reads. A register that the machine does not have is 0.
struct TranslationRegisters {
  std::uint64_t sctlr = 0, tcr = 0, ttbr0 = 0, ttbr1 = 0, mair = 0;  // of the regime's level
  std::uint64_t hcr = 0, vtcr = 0, vttbr = 0;                        // EL2's, for stage 2 of EL1&0; 0 without EL2
  unsigned pa_bits = 48;                                             // ID_AA64MMFR0_EL1.PARange, in bits
};

struct Access {
  enum class Kind { kRead, kWrite, kExecute };
  Kind kind = Kind::kRead;
  unsigned from_level = 1;  // the exception level that makes it: 0..3
};

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
  std::string attributes;  // "Normal WB, inner shareable, AF, RO, UXN"
  // Set when it does not.
  struct Fault {
    int stage = 1;
    FaultStatus status;
    std::string why;        // "L0[0x1ff] is invalid", "the address is not canonical", "EPD1 is set"
    std::uint64_t esr = 0;  // what the hardware must report (EC, IL, FSC, WnR, S1PTW; ISV as 0)
  };
  std::optional<Fault> fault;
  std::vector<WalkStep> steps;
  std::vector<std::string> notes;  // "MMU off: flat", "TBI: the top byte is ignored", "TTBR1_EL1, T1SZ 16, 4K granule"
  std::optional<Error>
      unreadable;  // memory that could not be read: the walk ends there, neither translated nor faulted
};

WalkResult walk(const TranslationRegisters& registers, Regime regime, std::uint64_t address, const Access& access,
                MemoryReader& memory);

}  // namespace bootrig::aarch64
