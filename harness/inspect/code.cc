#include "inspect/code.h"

#include "aarch64/field.h"
#include "inspect/bytes.h"

namespace bootrig {
namespace {

constexpr std::size_t kLookBack = 24;  // instructions between naming an address and using it

// Branches, exceptions: behind them a register may hold anything. System instructions (0xd5) are none.
bool leaves_the_line(std::uint32_t word) {
  return (word & 0x1c000000) == 0x14000000 && (word >> 24) != 0xd5;
}

// An instruction of the 0xd5 group writes a register only when it is an MRS or SYSL (L, bit 21).
bool only_reads(std::uint32_t word) {
  return (word >> 24) == 0xd5 && ((word >> 21) & 1) == 0;
}

}  // namespace

std::uint32_t Code::word(std::size_t index) const {
  return little_endian<std::uint32_t>(bytes_, 4 * index).value_or(0);
}

std::optional<Code::Address> Code::pc_relative(std::size_t index) const {
  const std::uint32_t instruction = word(index);
  if ((instruction & 0x1f000000) != 0x10000000) return std::nullopt;
  const std::uint64_t raw = (instruction >> 5 & 0x7ffff) << 2 | (instruction >> 29 & 3);
  const std::uint64_t offset = aarch64::sign_extended(raw, 21);
  const bool pages = (instruction >> 31) != 0;
  const std::uint64_t base = address_of(index);
  return Address{instruction & 31, pages ? (base & ~std::uint64_t{0xfff}) + (offset << 12) : base + offset};
}

std::optional<Code::Address> Code::literal(std::size_t index) const {
  const std::uint32_t instruction = word(index);
  if ((instruction & 0xff000000) != 0x58000000) return std::nullopt;
  return Address{instruction & 31, address_of(index) + (aarch64::sign_extended(instruction >> 5 & 0x7ffff, 19) << 2)};
}

std::optional<std::uint64_t> Code::literal_value(std::size_t index) const {
  const auto place = literal(index);
  return place ? little_endian<std::uint64_t>(bytes_, place->value - address_) : std::nullopt;
}

std::optional<Code::Constant> Code::constant_before(std::size_t index, unsigned reg) const {
  std::uint64_t added = 0;
  for (std::size_t back = 1; back <= kLookBack && back <= index; ++back) {
    const std::size_t at = index - back;
    const std::uint32_t instruction = word(at);
    if (leaves_the_line(instruction)) return std::nullopt;
    if ((instruction & 31) != reg || only_reads(instruction)) continue;
    if (const auto address = pc_relative(at)) return Constant{address->value + added, at};
    if (literal(at)) {
      const auto value = literal_value(at);
      return value ? std::optional(Constant{*value + added, at}) : std::nullopt;
    }
    if ((instruction & 0xff800000) == 0xb3000000) continue;  // bfi xN
    if ((instruction & 0xff800000) != 0x91000000 || (instruction >> 5 & 31) != reg) return std::nullopt;
    added += std::uint64_t{instruction >> 10 & 0xfff} << ((instruction >> 22 & 1) * 12);  // add xN, xN, #imm
  }
  return std::nullopt;
}

}  // namespace bootrig
