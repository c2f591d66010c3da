// ElfFile: a read-only view of an ELF64 file, checked once on opening. Hostile input: every offset is bounds-checked,
// nothing crashes. Symbols and source lines come with the first user that needs them.
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
};

struct ElfFile {
  std::uint64_t entry = 0;
  std::vector<ElfSegment> segments;  // PT_LOAD only, in file order
};

// True when the bytes begin with the ELF magic.
bool looks_like_elf(std::string_view bytes);

// Errors: empty, no ELF, 32-bit, big-endian, another machine (named), truncated, no loadable segment.
Result<ElfFile> open_elf(const std::filesystem::path& path);

}  // namespace bootrig
