#include "machine/board_image.h"

#include <fmt/format.h>

#include <algorithm>

#include "elf/elf_file.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kFlatMax = std::uint64_t{256} << 20;

std::uint64_t physical_entry(const ElfFile& elf) {
  for (const ElfSegment& segment : elf.segments) {
    const std::uint64_t into = elf.entry - segment.virtual_address;
    if (into < segment.memory_size) return segment.physical_address + into;
  }
  return elf.entry;
}

Result<std::string> flatten(const std::string& place, const ElfFile& elf, std::uint64_t load, std::string_view bytes) {
  std::string flat;
  for (const ElfSegment& segment : elf.segments) {
    if (segment.file_size == 0) continue;
    const std::uint64_t at = segment.physical_address - load;
    if (at > kFlatMax || segment.file_size > kFlatMax - at) {
      return fail(place, fmt::format("is larger than {} MiB as it lies in memory", kFlatMax >> 20));
    }
    if (flat.size() < at + segment.file_size) flat.resize(at + segment.file_size);
    flat.replace(at, segment.file_size, bytes.substr(segment.file_offset, segment.file_size));
  }
  return flat;
}

}  // namespace

Result<BoardImage> board_image(const BootImage& image, std::string bytes, bool flat) {
  if (image.load_address) return BoardImage{std::move(bytes), *image.load_address, *image.load_address};
  const std::string place = image.file.string();
  BOOTRIG_TRY(const ElfFile elf, parse_elf(place, bytes));
  BoardImage result{.load = ~std::uint64_t{0}, .entry = physical_entry(elf)};
  for (const ElfSegment& segment : elf.segments) {
    if (segment.file_size > 0) result.load = std::min(result.load, segment.physical_address);
  }
  if (!flat) {
    result.bytes = std::move(bytes);
    return result;
  }
  BOOTRIG_TRY(result.bytes, flatten(place, elf, result.load, bytes));
  return result;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~crc;
}

}  // namespace bootrig
