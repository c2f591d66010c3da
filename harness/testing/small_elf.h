// An AArch64 ELF file of one segment, for tests.
#pragma once

#include <cstdint>
#include <string>

namespace bootrig {

struct SmallSegment {
  std::uint64_t virtual_address = 0;
  std::uint64_t physical_address = 0;
  std::string bytes;
  std::uint64_t memory_size = 0;  // zeroes behind the bytes; less than they are: none
  std::uint32_t flags = 5;        // PF_R | PF_X
};

std::string small_elf(const SmallSegment& content, std::uint64_t entry);

}  // namespace bootrig
