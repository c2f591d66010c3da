// What a program does from its entry on, as far as its code tells without running it: the calls to firmware, the
// instructions of higher levels and the devices that it comes to. It follows branches, calls and returns; where a
// branch depends on what only the machine knows, it goes both ways. Indirect calls to unknown places are passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "inspect/code_step.h"

namespace bootrig {

// A program's bytes where it runs.
class CodeSpace : public CodeMemory {
 public:
  struct Piece {
    std::uint64_t address = 0;
    std::string_view bytes;  // of the file; what memory has besides is zero
    std::uint64_t size = 0;  // in memory
    bool executable = true, writable = true;
  };
  explicit CodeSpace(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  bool contains(std::uint64_t address) const { return piece_at(address) != nullptr; }
  std::optional<std::uint32_t> instruction(std::uint64_t address) const;
  std::optional<std::uint64_t> constant(std::uint64_t address, unsigned size) const override;
  std::optional<std::uint64_t> literal(std::uint64_t address, unsigned size) const override;

 private:
  const Piece* piece_at(std::uint64_t address) const;

  std::vector<Piece> pieces_;
};

struct CodeEvent {
  enum class Kind {
    kSystem,  // an MSR, MRS or SYS of EL1 and above
    kCall,    // smc or hvc; `value` is x0
    kAccess,  // of memory outside the program; `value` is the address
    kReturn,  // eret
  };
  Kind kind = Kind::kSystem;
  std::uint64_t address = 0;  // of the instruction
  std::uint32_t instruction = 0;
  CodeValue value;
  unsigned size = 0;  // kAccess: bytes
  bool store = false;
  bool undescribed = false;
  std::optional<unsigned> level;  // at which it is executed, where the code tells
  // Each way from the entry comes to it, or to another like it, or gives up before: prints, and halts.
  bool inevitable = false;
};

struct CodeWalk {
  std::vector<CodeEvent> events;  // by address of the instruction
  bool complete = true;           // false: the code was too much; nothing is then inevitable
};

// `level`: at which the entry is executed; none: unknown. Bounded in time whatever the bytes are.
CodeWalk walk_code(const CodeSpace& space, std::uint64_t entry, std::optional<unsigned> level);

}  // namespace bootrig
