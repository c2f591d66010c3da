// MemoryReader: a guest's physical memory, wherever it is: a stopped machine, an image's bytes, a test's map.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace bootrig {

class MemoryReader {
 public:
  virtual ~MemoryReader() = default;
  // Fills `out` from physical address `address` on, or says why it cannot: no memory there, the machine is gone.
  virtual Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) = 0;
};

}  // namespace bootrig
