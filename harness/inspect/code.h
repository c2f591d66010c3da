// Code: machine code and the few instructions by which a boot loader names addresses, read as words. Text is
// disassembly.h's. Encodings: DDI 0487, C6.2 (ADR, ADRP, LDR (literal), ADD (immediate), BFM) and C4.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bootrig {

class Code {
 public:
  // `bytes` lie at `address`; what does not fill a word at the end is left out.
  Code(std::string_view bytes, std::uint64_t address) : bytes_(bytes), address_(address) {}

  std::size_t size() const { return bytes_.size() / 4; }  // in instructions
  std::uint32_t word(std::size_t index) const;
  std::uint64_t address_of(std::size_t index) const { return address_ + 4 * index; }

  // A register and what an instruction puts there.
  struct Address {
    unsigned reg = 0;
    std::uint64_t value = 0;
    bool operator==(const Address&) const = default;
  };
  std::optional<Address> pc_relative(std::size_t index) const;          // adr, adrp
  std::optional<Address> literal(std::size_t index) const;              // ldr xN, literal: where the literal is
  std::optional<std::uint64_t> literal_value(std::size_t index) const;  // none: it lies outside the code

  // What the register holds before the instruction `index`, when the straight line of code above it says so: adr, adrp
  // or a literal, then additions. Bits that a bfi put into it stay as they were.
  struct Constant {
    std::uint64_t value = 0;
    std::size_t from = 0;  // the instruction that it begins with
  };
  std::optional<Constant> constant_before(std::size_t index, unsigned reg) const;

 private:
  std::string_view bytes_;
  std::uint64_t address_ = 0;
};

}  // namespace bootrig
