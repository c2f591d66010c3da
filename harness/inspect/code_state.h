// CodeState: what is known of a CPU before an instruction, when code is followed without running it. A value is kept as
// far as the code alone tells it; what two ways that meet disagree on is forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

namespace bootrig {

struct CodeValue {
  enum class Kind : std::uint8_t {
    kUnknown,
    kKnown,   // this number
    kNear,    // this number and somewhat more or less: a pointer that a loop moves
    kOffset,  // this number above a base that is not known: a device in a kernel's window
    kStack,   // an address on the stack
  };
  Kind kind = Kind::kUnknown;
  std::uint64_t number = 0;  // 0 for those of no number

  static CodeValue known(std::uint64_t number) { return {Kind::kKnown, number}; }
  bool is_known() const { return kind == Kind::kKnown; }
  bool operator==(const CodeValue&) const = default;
};
CodeValue add(const CodeValue& a, const CodeValue& b);
CodeValue subtract(const CodeValue& a, const CodeValue& b);
// Of two ways that meet. join(join(a, b), b) == join(a, b), and a chain of joins ends.
CodeValue join(const CodeValue& a, const CodeValue& b);

struct CodeState {
  static constexpr unsigned kStackPointer = 31;
  std::array<CodeValue, 32> x;               // x31 is the stack pointer
  std::optional<unsigned> flags;             // N, Z, C, V: bits 3 to 0
  std::optional<unsigned> level;             // exception level; none: it cannot be told
  std::map<std::uint64_t, CodeValue> cells;  // words in memory that the code has written, by address

  CodeState() { x[kStackPointer] = {CodeValue::Kind::kStack, 0}; }
  // Whether anything was forgotten.
  bool join_with(const CodeState& other);
  // As after a call of something unknown: what a callee may change (AAPCS64, 6.1.1: x0 to x18, x30) is forgotten.
  void clobber();
  bool operator==(const CodeState&) const = default;
};

}  // namespace bootrig
