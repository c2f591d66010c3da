// What lives where in a machine's physical memory, as QEMU's monitor tells it ("info mtree -f"): the flat view of the
// address space that CPUs see.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

struct MemoryRegion {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::string name;        // "mach-virt.ram", "pl011"
  bool memory = false;     // reading it has no effect: RAM and ROM, no device
};

// By address. A line that is not understood is passed over; a text without the view gives none.
std::vector<MemoryRegion> parse_memory_map(std::string_view text);

// The region that holds the address; null: nothing is there.
const MemoryRegion* find_region(const std::vector<MemoryRegion>& map, std::uint64_t address);

}  // namespace bootrig
