// Guests of a few instructions, for tests of machines: they print a text on QEMU virt's PL011
// (0x09000000) and end in one of a few ways. Raw bytes, for any address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

inline constexpr std::uint64_t kTinyGuestAddress = 0x40400000;  // RAM begins at 0x40000000, with the device tree

using Instructions = std::vector<std::uint32_t>;

// PSCI (DEN0022) SYSTEM_OFF is function 8, SYSTEM_RESET 9. The conduit is HVC at EL1, SMC at EL2.
inline Instructions psci(unsigned function, unsigned level = 1) {
  return {
      0x52b08000,                            // mov  w0, #0x84000000
      0x72800000 | (function << 5),          // movk w0, #function
      level == 1 ? 0xd4000002 : 0xd4000003,  // hvc #0, or smc #0
      0x14000000,                            // b    .
  };
}
inline Instructions power_off(unsigned level = 1) {
  return psci(8, level);
}
inline Instructions reset() {
  return psci(9);
}

inline Instructions wait_for_ever() {
  return {0xd503207f,   // wfi
          0x17ffffff};  // b    wfi
}

// Sends back what it hears, and goes on after a 'q'. x1: the PL011.
inline Instructions echo_until_q() {
  return {0xb9401824,   // ldr  w4, [x1, #0x18]   UARTFR
          0x3727ffe4,   // tbnz w4, #4, .-4       RXFE
          0xb9400023,   // ldr  w3, [x1]          UARTDR
          0xb9000023,   // str  w3, [x1]
          0x7101c47f,   // cmp  w3, #'q'
          0x54ffff61};  // b.ne .-20
}

// `count` times 'A' in one go.
inline Instructions print_many(std::uint32_t count) {
  return {0xd2800005 | ((count & 0xffff) << 5),  // movz x5, #count
          0xf2a00005 | ((count >> 16) << 5),     // movk x5, #count >> 16, lsl #16
          0x52800823,                            // mov  w3, #'A'
          0xb9000023,                            // str  w3, [x1]
          0xf10004a5,                            // subs x5, x5, #1
          0x54ffffc1};                           // b.ne .-8
}
inline Instructions print_for_ever() {
  return {0x52800823,   // mov  w3, #'A'
          0xb9000023,   // str  w3, [x1]
          0x17ffffff};  // b    .-4
}

// The text, then the parts one after the other.
inline std::string tiny_guest(std::string_view text, const std::vector<Instructions>& parts) {
  Instructions code{0xd2a12001,   // mov  x1, #0x09000000
                    0x10000002,   // adr  x2, text (the distance is filled in below)
                    0x38401443,   // ldrb w3, [x2], #1
                    0x34000063,   // cbz  w3, .+12
                    0xb9000023,   // str  w3, [x1]
                    0x17fffffd};  // b    .-12
  for (const auto& part : parts) code.insert(code.end(), part.begin(), part.end());
  code[1] |= static_cast<std::uint32_t>(code.size() - 1) << 5;
  std::string bytes;
  for (const std::uint32_t word : code) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
  }
  return bytes.append(text).append(1, '\0');
}

}  // namespace bootrig
