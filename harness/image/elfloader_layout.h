// Where seL4's elfloader, its kernel and its rootserver lie in memory, and where the loader can stand so that nothing
// overlaps. Follows what the elfloader does when it runs (elfloader-tool/src/common.c, load_images): the kernel where
// its segments say, the device tree behind it, the rootserver behind that, all in whole pages. Private to image/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "elf/elf_file.h"
#include "image/device_tree.h"

namespace bootrig {

struct MemoryItem {  // [start, end)
  std::string what;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string why;  // it lies there
  bool operator==(const MemoryItem&) const = default;
};

struct ElfloaderParts {
  std::vector<DeviceTree::Range> memory;    // of the device tree
  std::vector<DeviceTree::Range> reserved;  // not to be used, of the device tree
  std::vector<MemoryItem> kernel_memory;    // what the kernel was built to manage
  ElfFile kernel;
  std::uint64_t tree_size = 0;  // in bytes
  ElfFile rootserver;
};

// The regions "memory" of a kernel's platform_gen.yaml. Errors: none, one without start or end, out of order.
Result<std::vector<MemoryItem>> parse_platform_memory(std::string_view name, std::string_view text);

// Kernel, device tree and rootserver. An error says what the elfloader would refuse or trip over: an item outside of
// the memory, a kernel that manages memory that is not there, a rootserver that does not begin with a page.
Result<std::vector<MemoryItem>> place_parts(const ElfloaderParts& parts);

// The lowest address for a loader of `size` bytes that overlaps neither the items nor what is reserved.
Result<MemoryItem> place_loader(const ElfloaderParts& parts, const std::vector<MemoryItem>& items, std::uint64_t size);

// A loader that is linked, held to the same.
Result<MemoryItem> check_loader(const ElfloaderParts& parts, const std::vector<MemoryItem>& items,
                                const ElfFile& loader);

// One line an item, by address.
std::string layout_text(const ElfloaderParts& parts, std::vector<MemoryItem> items);

}  // namespace bootrig
