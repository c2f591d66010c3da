#include "triage/linux_log.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace bootrig {
namespace {

constexpr std::uint64_t kPiece = 64 << 10;
constexpr std::uint64_t kSearchedMax = std::uint64_t{16} << 20;
constexpr std::uint64_t kLogMax = 256 << 10;  // the first records are what explains a silence

// The first record of each arm64 kernel (arch/arm64/kernel/setup.c, smp_setup_processor_id).
constexpr std::string_view kFirstRecord = "Booting Linux on physical CPU 0x";

// What can be read of a range; pieces that cannot are zero.
std::string read_range(MemoryReader& memory, std::uint64_t first, std::uint64_t size) {
  std::string bytes(size, '\0');
  for (std::uint64_t at = 0; at < size; at += kPiece) {
    const std::uint64_t count = std::min(kPiece, size - at);
    (void)memory.read(first + at, {reinterpret_cast<std::uint8_t*>(bytes.data() + at), count});
  }
  return bytes;
}

// Between the texts stand their records' numbers and padding (printk_ringbuffer.h): no text of their own.
std::string lines_of(std::string_view bytes) {
  constexpr std::size_t kShortest = 6;
  std::string lines, line;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~') {
      line += c;
      continue;
    }
    if (line.size() >= kShortest) lines += line + '\n';
    line.clear();
  }
  return lines;
}

}  // namespace

std::optional<LinuxInMemory> find_linux(const std::vector<MemoryRegion>& map, MemoryReader* memory) {
  constexpr std::uint64_t kAlign = 2 << 20, kPlaces = 32, kHeader = 64, kSizeAt = 16, kMagicAt = 56;
  constexpr std::array<std::uint8_t, 4> kMagic = {'A', 'R', 'M', 0x64};
  if (memory == nullptr) return std::nullopt;
  for (const MemoryRegion& region : map) {
    if (!region.memory || region.first % kAlign != 0) continue;
    for (std::uint64_t place = 0; place < kPlaces; ++place) {
      const std::uint64_t at = region.first + place * kAlign;
      std::array<std::uint8_t, 4> magic{};
      if (at > region.last - std::min(region.last, kHeader)) break;
      if (!memory->read(at + kMagicAt, magic) || magic != kMagic) continue;
      std::array<std::uint8_t, 8> size{};
      if (!memory->read(at + kSizeAt, size)) return LinuxInMemory{at, 0};
      std::uint64_t value = 0;
      for (auto byte = size.rbegin(); byte != size.rend(); ++byte) value = value << 8 | *byte;
      return LinuxInMemory{at, value};
    }
  }
  return std::nullopt;
}

std::string linux_log(const LinuxInMemory& image, std::uint64_t file_size, MemoryReader& memory) {
  if (image.size <= file_size) return "";
  const std::uint64_t from = image.first + file_size;
  const std::string bytes = read_range(memory, from, std::min(image.size - file_size, kSearchedMax));
  const std::size_t log = bytes.find(kFirstRecord);
  return log == bytes.npos ? "" : lines_of(std::string_view(bytes).substr(log, kLogMax));
}

}  // namespace bootrig
