// Disassembly: AArch64 machine code as text, an instruction a line, for people. What an instruction means for a failure
// is triage's business: it reads the word, never the text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bootrig {

struct Instruction {
  std::uint64_t address = 0;
  std::uint32_t word = 0;
  std::string text;  // "str x0, [sp, #-0x10]!", or ".word 0x00000000" where no instruction is known
};

// `code` is what lies at `address`: little-endian, 4 bytes an instruction (DDI 0487, C2.1), whatever the data endianness
// is. What does not fill a word at the end is left out. Never fails: data among code only makes .word lines.
std::vector<Instruction> disassemble(std::uint64_t address, std::span<const std::uint8_t> code);

}  // namespace bootrig
