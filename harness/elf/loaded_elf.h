// LoadedElf: an ELF file as it lies in memory once loaded: bytes by physical or by virtual address, read from the file
// when they are asked for. Addresses that no segment has are errors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "elf/elf_file.h"

namespace bootrig {

class LoadedElf {
 public:
  static Result<LoadedElf> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const ElfFile& elf() const { return elf_; }

  // All of `out`, from one segment; what the segment has in memory alone is zero.
  Result<void> read_physical(std::uint64_t address, std::span<std::uint8_t> out) const;
  Result<void> read_virtual(std::uint64_t address, std::span<std::uint8_t> out) const;

  // The segment that holds the address; null: none does.
  const ElfSegment* segment_at_physical(std::uint64_t address) const;
  const ElfSegment* segment_at_virtual(std::uint64_t address) const;

 private:
  Result<void> read_segment(const ElfSegment& segment, std::uint64_t offset, std::span<std::uint8_t> out) const;

  std::filesystem::path path_;
  ElfFile elf_;
  ScopedFd fd_;
};

}  // namespace bootrig
