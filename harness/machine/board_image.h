// What a board gets of an image, and what its firmware has to be told of it. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "qemu/arguments.h"

namespace bootrig {

struct BoardImage {
  std::string bytes;
  std::uint64_t load = 0;   // where they belong; of an ELF file that stays one: its lowest physical address
  std::uint64_t entry = 0;  // physical
};

// The image whose file has these bytes. `flat`: of an ELF file, its segments as they lie in memory, from the lowest
// physical address on, without what is zero behind the last one (at most 256 MiB). An error: no image that can boot.
Result<BoardImage> board_image(const BootImage& image, std::string bytes, bool flat);

// As U-Boot's crc32 command and zlib count it (IEEE 802.3, reflected, polynomial 0xedb88320).
std::uint32_t crc32(std::string_view bytes);

}  // namespace bootrig
