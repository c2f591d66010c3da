// The table that Microkit's tool puts behind its loader: what the loader copies to where, and where it enters the kernel
// (tool/microkit/src/loader.rs; struct loader_data in loader/src/loader.c). Three layouts are known: 8 words; 9, with a
// word of flags; 11, with flags and an extra device.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "inspect/container.h"

namespace bootrig {

struct MicrokitTable {
  LoaderHeader header;
  std::vector<ImageRegion> regions;  // kCopied
};

// None: no magic with a table behind it whose sizes agree. Its data may be cut off.
std::optional<MicrokitTable> find_microkit(std::string_view bytes);

// The address that the loader's start compares its own with, to see whether it must move itself: of raw bytes.
std::optional<std::uint64_t> microkit_link_address(std::string_view bytes);

}  // namespace bootrig
