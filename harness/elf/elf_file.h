// ElfFile: a read-only view of a linked AArch64 ELF64 file, checked once on opening. Hostile input:
// every offset is bounds-checked, nothing crashes. Symbols and source lines come with the first
// user that needs them. Numbers and layouts: System V gABI, chapters 4 and 5; the machine numbers
// from its registry.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct ElfSegment {  // a PT_LOAD
  std::uint64_t virtual_address = 0;
  std::uint64_t physical_address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  std::uint32_t flags = 0;  // PF_R, PF_W, PF_X
  std::uint64_t file_offset = 0;

  // System V gABI, p_flags.
  bool readable() const { return (flags & 4) != 0; }
  bool writable() const { return (flags & 2) != 0; }
  bool executable() const { return (flags & 1) != 0; }
};

struct ElfFile {
  std::uint64_t entry = 0;
  bool position_independent = false;  // ET_DYN: a PIE or a shared object; otherwise ET_EXEC
  bool has_interpreter = false;       // PT_INTERP: it asks for a dynamic linker
  std::vector<ElfSegment> segments;   // PT_LOAD with a size in memory, in file order
};

// True when the bytes begin with the ELF magic.
bool looks_like_elf(std::string_view bytes);

// Errors: empty, no ELF, 32-bit, big-endian, another machine (named), a relocatable object or a
// core file, truncated, no loadable segment. The error's place is `display_name`.
Result<ElfFile> parse_elf(std::string_view display_name, std::string_view bytes);

// Reads the file and parses it.
Result<ElfFile> open_elf(const std::filesystem::path& path);

}  // namespace bootrig
