// Programs of a few instructions, for tests: words and labels, in an ELF.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testing/small_elf.h"

namespace bootrig {

// The words are what GNU as makes of the texts beside them.
namespace code {
inline constexpr std::uint32_t kNop = 0xd503201f, kRet = 0xd65f03c0, kWfi = 0xd503207f, kEret = 0xd69f03e0;
inline constexpr std::uint32_t kSmc = 0xd4000003, kHvc = 0xd4000002;
inline constexpr std::uint32_t kReadLevel = 0xd5384240;     // mrs x0, CurrentEL
inline constexpr std::uint32_t kLevelIs2 = 0xf100201f;      // cmp x0, #8
inline constexpr std::uint32_t kWriteHcr = 0xd51c1101;      // msr hcr_el2, x1
inline constexpr std::uint32_t kWriteVbarEl1 = 0xd518c001;  // msr vbar_el1, x1
inline constexpr std::uint32_t kWriteIccSre = 0xd518cca1;   // msr icc_sre_el1, x1
inline constexpr std::uint32_t kStoreW2AtX1 = 0xb9000022;   // str w2, [x1]
inline constexpr std::uint32_t kStoreAndMove = 0xb8004422;  // str w2, [x1], #4
inline constexpr std::uint32_t kLoadX1 = 0xf9400041;        // ldr x1, [x2]
inline constexpr std::uint32_t kHalt = 0x14000000;          // b .

inline std::uint32_t branch(int words) {
  return 0x14000000 | (static_cast<std::uint32_t>(words) & 0x3ffffff);
}
inline std::uint32_t call(int words) {
  return 0x94000000 | (static_cast<std::uint32_t>(words) & 0x3ffffff);
}
// b.ne, cbz x3
inline std::uint32_t unless_equal(int words) {
  return 0x54000001 | (static_cast<std::uint32_t>(words) & 0x7ffff) << 5;
}
inline std::uint32_t if_x3_zero(int words) {
  return 0xb4000003 | (static_cast<std::uint32_t>(words) & 0x7ffff) << 5;
}
// movz xN, #value, lsl #16
inline std::uint32_t high(unsigned reg, std::uint32_t value) {
  return 0xd2a00000 | value << 5 | reg;
}
// movk xN, #value
inline std::uint32_t low(unsigned reg, std::uint32_t value) {
  return 0xf2800000 | value << 5 | reg;
}
}  // namespace code

inline std::string code_bytes(const std::vector<std::uint32_t>& words) {
  std::string bytes;
  for (const std::uint32_t word : words) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
  }
  return bytes;
}

// Entered at its first word.
inline constexpr std::uint64_t kCodeBase = 0x40400000;
inline std::string code_elf(const std::vector<std::uint32_t>& words) {
  const std::string bytes = code_bytes(words);
  return small_elf({kCodeBase, kCodeBase, bytes, bytes.size()}, kCodeBase);
}

}  // namespace bootrig
