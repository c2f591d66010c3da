// Unpacks a uImage or a FIT (packed_images.h) into files that QEMU takes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "image/packed_images.h"

namespace bootrig {

struct UnpackedFiles {
  std::filesystem::path code;     // an ELF file or a Linux Image
  std::filesystem::path tree;     // empty: none
  std::filesystem::path ramdisk;  // empty: none
};

// Code that is neither ELF nor Linux's becomes an ELF file with one segment at its load address, entered at its entry.
// The files stand in a folder of their own below `folder`, by the hash of the packed bytes, so that a command line that
// names them can be repeated; the latest 16 such folders are kept.
Result<UnpackedFiles> unpack_into(const std::filesystem::path& folder, std::string_view place, std::string_view bytes,
                                  std::string_view sha256);

// A device tree's file as QEMU should be given it: one that is mostly room, as QEMU's own dump is, would be too large for
// Linux. Then a copy without the room, in a folder like those above; else the file itself. No `folder`: as it is.
Result<std::filesystem::path> file_of_tree(const std::filesystem::path& folder, const std::filesystem::path& file,
                                           std::string bytes);

// An AArch64 ELF executable with this code, and nothing else, as its one segment.
std::string wrap_in_elf(std::string_view code, std::uint64_t load, std::uint64_t entry);

}  // namespace bootrig
