// Who sits where in physical memory, as an image's files say it. What a loader does at run time they do not say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"
#include "image/resolve.h"

namespace bootrig {

struct MemoryPart {
  std::uint64_t start = 0;  // physical
  std::uint64_t size = 0;   // bytes, at least 1
  std::string what;         // "loader.elf segment 0 r-x", "archive in loader.elf"
};

// The loadable segments of the image and of the files with its symbols, and what embed stages put into the image.
// By address.
std::vector<MemoryPart> memory_layout(const ResolvedRecipe& resolved, const Image& image);

// One line a part, from low to high, indented when it lies inside the one before; a line for each gap.
std::vector<std::string> memory_picture(const std::vector<MemoryPart>& parts);

}  // namespace bootrig
