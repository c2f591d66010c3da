#include "image/linux_image.h"

#include <cstddef>

#include "qemu/arguments.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMagicAt = 56;
constexpr std::string_view kMagic = "ARM\x64"sv;
constexpr std::size_t kTextOffsetAt = 8, kImageSizeAt = 16;

std::uint64_t little_endian_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

bool looks_like_linux(std::string_view bytes) {
  return bytes.size() > kMagicAt && bytes.substr(kMagicAt).starts_with(kMagic);
}

// hw/arm/boot.c of QEMU, load_aarch64_image: by the header's offset, but 2 MiB on where the device tree would have no
// room before it; at 0x80000 where the header of an old kernel has no size.
std::uint64_t linux_address(std::string_view bytes) {
  constexpr std::uint64_t kOldOffset = 0x80000, kTreeRoom = 0x1000, kStep = std::uint64_t{2} << 20;
  if (little_endian_at(bytes, kImageSizeAt) == 0) return kMemoryBase + kOldOffset;
  const std::uint64_t offset = little_endian_at(bytes, kTextOffsetAt);
  return kMemoryBase + (offset < kTreeRoom ? offset + kStep : offset);
}

}  // namespace bootrig
