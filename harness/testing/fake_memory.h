// FakeMemory: physical memory as a map of pages, for tests of what reads a guest's memory. A page that was never
// written is not there: reading it fails, as reading past a machine's RAM does.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/memory_reader.h"

namespace bootrig {

class FakeMemory : public MemoryReader {
 public:
  static constexpr std::uint64_t kPageSize = 4096;

  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    reads_.push_back(address);
    for (std::uint8_t& byte : out) {
      const auto page = pages_.find(address & ~(kPageSize - 1));
      if (page == pages_.end()) return fail(fmt::format("no memory at {:#x}", address));
      byte = page->second[address & (kPageSize - 1)];
      ++address;
    }
    return {};
  }

  // Pages come to be when they are written; the rest of a page is 0.
  void write(std::uint64_t address, std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
      pages_[address & ~(kPageSize - 1)][address & (kPageSize - 1)] = byte;
      ++address;
    }
  }
  // Little-endian, as a guest's tables are.
  void write64(std::uint64_t address, std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes;
    std::ranges::generate(bytes, [&value] { return static_cast<std::uint8_t>(std::exchange(value, value >> 8)); });
    write(address, bytes);
  }
  void write_zeros(std::uint64_t address, std::uint64_t size) { write(address, std::vector<std::uint8_t>(size)); }

  // The address of each read so far.
  const std::vector<std::uint64_t>& reads() const { return reads_; }

 private:
  std::map<std::uint64_t, std::array<std::uint8_t, kPageSize>> pages_;
  std::vector<std::uint64_t> reads_;
};

}  // namespace bootrig
