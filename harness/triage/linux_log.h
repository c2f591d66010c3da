// Linux in a machine's memory: where its image lies, and the log that it keeps there, which is all that a kernel without
// a console has said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_reader.h"
#include "machine/memory_map.h"

namespace bootrig {

struct LinuxInMemory {
  std::uint64_t first = 0;  // of the image
  std::uint64_t size = 0;   // in memory, as its header has it
};

// By the magic of its header (Linux, Documentation/arch/arm64/booting.rst, "Call the kernel image"), where such an image
// may lie. None: there is none, or memory cannot be read.
std::optional<LinuxInMemory> find_linux(const std::vector<MemoryRegion>& map, MemoryReader* memory);

// The texts of its log, a line each, from its first on; empty: none was found. Looked for behind `file_size` bytes of the
// image, in what is zero at the start (kernel/printk/printk.c, __log_buf).
std::string linux_log(const LinuxInMemory& image, std::uint64_t file_size, MemoryReader& memory);

}  // namespace bootrig
