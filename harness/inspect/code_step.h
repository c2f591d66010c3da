// One instruction's effect on what is known of a CPU. Encodings: DDI 0487, C4.1 (index by encoding) and C6.2. An
// instruction that is not known forgets the registers that its fields may name as destinations.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inspect/code_state.h"

namespace bootrig {

// Where it goes on from an instruction.
struct CodeStep {
  enum class Kind {
    kNext,    // behind it
    kBranch,  // to `target`; behind it as well where `falls_through`
    kCall,    // to `target` and back
    kReturn,
    kAway,  // to where the code does not tell
    kStop,  // nowhere: brk, udf, an exception return
  };
  Kind kind = Kind::kNext;
  std::optional<std::uint64_t> target;  // none: the code does not tell
  bool falls_through = false;
};

// A load or store of an instruction, as far as its address is known.
struct CodeAccess {
  CodeValue address;
  unsigned size = 0;  // bytes
  bool store = false;
  // The syndrome of its abort would not say which register and how many bytes (DDI 0487, ESR_EL2, ISV): pairs,
  // exclusives, with write-back. Who emulates the device for the guest then cannot.
  bool undescribed = false;
};

// What a read of memory gives.
class CodeMemory {
 public:
  virtual ~CodeMemory() = default;
  // A word that nothing writes; none: it may change, or is not there.
  virtual std::optional<std::uint64_t> constant(std::uint64_t address, unsigned size) const = 0;
  // A word among the code, read relative to it; none: it is not there.
  virtual std::optional<std::uint64_t> literal(std::uint64_t address, unsigned size) const = 0;
};

struct CodeEffect {
  CodeStep step;
  std::optional<CodeAccess> access;
  bool writes_unknown_memory = false;  // anything may have changed
  std::vector<std::uint64_t> wrote;    // the addresses of cells
};

// Changes the state from before the instruction to behind it. (Of a call: before the callee is entered.)
CodeEffect step(std::uint32_t instruction, std::uint64_t address, const CodeMemory& memory, CodeState& state);

// smc or hvc (DDI 0487, C6.2: 1101 0100 000 imm16 000 1x).
bool is_smc(std::uint32_t instruction);
bool is_hvc(std::uint32_t instruction);
bool is_eret(std::uint32_t instruction);

}  // namespace bootrig
