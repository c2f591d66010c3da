#include "image/uimage.h"

#include <fmt/format.h>

#include <array>

#include "image/gzip.h"

namespace bootrig {
namespace {

// struct legacy_img_hdr, all big-endian.
constexpr std::size_t kHeaderSize = 64, kHeaderCrcAt = 4, kSizeAt = 12, kLoadAt = 16, kEntryAt = 20, kDataCrcAt = 24,
                      kArchitectureAt = 29, kKindAt = 30, kCompressionAt = 31, kNameAt = 32;

struct Word {
  unsigned number;
  std::string_view word;  // mkimage's
};
// enum ih_arch, ih_type and ih_comp: those that people meet.
constexpr Word kArchitectures[] = {{2, "arm"},    {3, "x86"},     {5, "mips"},  {7, "powerpc"},
                                   {22, "arm64"}, {24, "x86_64"}, {26, "riscv"}};
constexpr Word kKinds[] = {{1, "standalone"}, {2, "kernel"},     {3, "ramdisk"}, {4, "multi"},         {5, "firmware"},
                           {6, "script"},     {7, "filesystem"}, {8, "flat_dt"}, {14, "kernel_noload"}};
constexpr Word kCompressions[] = {{0, "none"}, {1, "gzip"}, {2, "bzip2"}, {3, "lzma"},
                                  {4, "lzo"},  {5, "lz4"},  {6, "zstd"}};

template <std::size_t N>
std::string word_of(const Word (&words)[N], unsigned number) {
  for (const Word& word : words) {
    if (word.number == number) return std::string(word.word);
  }
  return fmt::format("number {}", number);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

PackedHash crc(std::string_view what, std::string_view bytes, std::uint32_t stored) {
  return {std::string(what), crc32_of(bytes) == stored ? PackedHash::State::kGood : PackedHash::State::kBad};
}

}  // namespace

Result<PackedImages> read_uimage(std::string_view name, std::string_view bytes) {
  const std::string place(name);
  if (bytes.size() < kHeaderSize) {
    return fail(place, fmt::format("is a uImage that is cut off: its header has {} bytes, and {} are there",
                                   kHeaderSize, bytes.size()));
  }
  const std::uint32_t size = number_at(bytes, kSizeAt);
  if (size > bytes.size() - kHeaderSize) {
    return fail(place, fmt::format("is a uImage that is cut off: its header promises {} bytes, and {} follow it", size,
                                   bytes.size() - kHeaderSize));
  }
  const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  PackedImage image{.kind = word_of(kKinds, byte_at(kKindAt)),
                    .architecture = word_of(kArchitectures, byte_at(kArchitectureAt)),
                    .compression = word_of(kCompressions, byte_at(kCompressionAt)),
                    .load = number_at(bytes, kLoadAt),
                    .entry = number_at(bytes, kEntryAt),
                    .offset = kHeaderSize,
                    .size = size};
  if (image.kind == "kernel_noload") image.load = image.entry = std::nullopt;
  image.name = bytes.substr(kNameAt, kHeaderSize - kNameAt);
  image.name.resize(std::min(image.name.size(), image.name.find('\0')));
  std::string header(bytes.substr(0, kHeaderSize));
  header.replace(kHeaderCrcAt, 4, 4, '\0');  // as it was when its CRC was made
  image.hashes = {crc("crc32 of the header", header, number_at(bytes, kHeaderCrcAt)),
                  crc("crc32", bytes.substr(kHeaderSize, size), number_at(bytes, kDataCrcAt))};
  PackedImages packed;
  packed.images.push_back(std::move(image));
  return packed;
}

}  // namespace bootrig
