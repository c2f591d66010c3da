#include "inspect/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace bootrig {
namespace {

// cpio(5), "New ASCII Format": a header of a magic and 13 fields of 8 hexadecimal digits; name and data padded to 4.
constexpr std::string_view kMagic = "070701";
constexpr std::string_view kEndMark = "TRAILER!!!";
constexpr std::size_t kHeaderSize = 110, kFileSizeAt = 54, kNameSizeAt = 94, kFieldDigits = 8;
constexpr std::size_t kNameMax = 4096;
constexpr std::uint64_t kSegmentMax = std::uint64_t{256} << 20;

struct Header {
  std::string_view name;
  std::uint64_t data = 0;  // offset
  std::uint64_t size = 0;
};

std::uint64_t padded(std::uint64_t offset) {
  return (offset + 3) & ~std::uint64_t{3};
}

std::optional<std::uint32_t> hex_field(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// None: there is no whole header with its name.
std::optional<Header> read_header(std::string_view bytes, std::uint64_t at, std::uint64_t first) {
  if (at > bytes.size() || bytes.size() - at < kHeaderSize || !bytes.substr(at).starts_with(kMagic))
    return std::nullopt;
  for (std::size_t field = kMagic.size(); field < kHeaderSize; field += kFieldDigits) {
    if (!hex_field(bytes.substr(at + field, kFieldDigits))) return std::nullopt;
  }
  const std::uint32_t name_size = *hex_field(bytes.substr(at + kNameSizeAt, kFieldDigits));
  const std::string_view rest = bytes.substr(at + kHeaderSize);
  if (name_size < 2 || name_size > kNameMax || name_size > rest.size() || rest[name_size - 1] != '\0') {
    return std::nullopt;
  }
  return Header{.name = rest.substr(0, name_size - 1),
                .data = first + padded(at - first + kHeaderSize + name_size),
                .size = *hex_field(bytes.substr(at + kFileSizeAt, kFieldDigits))};
}

Archive read_archive(std::string_view bytes, std::uint64_t first) {
  Archive archive{.first = first};
  for (std::uint64_t at = first;;) {
    const auto header = read_header(bytes, at, first);
    if (!header) {
      archive.damage.emplace();
      archive.size = std::min<std::uint64_t>(at, bytes.size()) - first;
      return archive;
    }
    const std::uint64_t there = header->data < bytes.size() ? bytes.size() - header->data : 0;
    if (header->name == kEndMark || header->size > there) {
      archive.size = std::min<std::uint64_t>(header->data, bytes.size()) - first;
    }
    if (header->name == kEndMark) return archive;
    if (header->size > there) {
      archive.size = bytes.size() - first;
      archive.damage = ArchiveDamage{printable(header->name), header->size, there};
      return archive;
    }
    archive.members.push_back({printable(header->name), header->data, header->size});
    at = first + padded(header->data + header->size - first);
  }
}

}  // namespace

std::vector<Archive> find_archives(std::string_view bytes) {
  std::vector<Archive> archives;
  for (std::size_t at = bytes.find(kMagic); at != bytes.npos;) {
    std::size_t next = at + 1;
    // A magic alone is a constant of some code that reads archives.
    if (read_header(bytes, at, at)) {
      archives.push_back(read_archive(bytes, at));
      next = std::max<std::size_t>(next, at + archives.back().size);
    }
    at = bytes.find(kMagic, next);
  }
  return archives;
}

std::string segment_bytes(const LoadedElf& file, const ElfSegment& segment) {
  if (segment.file_size > kSegmentMax) return "";
  std::string bytes(segment.file_size, '\0');
  const auto read =
      file.read_physical(segment.physical_address, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return read ? bytes : "";
}

std::optional<Archive> find_damaged_archive(std::span<const LoadedElf> files) {
  for (const LoadedElf& file : files) {
    for (const ElfSegment& segment : file.elf().segments) {
      for (Archive& archive : find_archives(segment_bytes(file, segment))) {
        if (!archive.damage) continue;
        archive.first += segment.physical_address;
        return std::move(archive);
      }
    }
  }
  return std::nullopt;
}

std::string damage_text(const Archive& archive) {
  const ArchiveDamage& damage = *archive.damage;
  if (damage.member.empty()) {
    return fmt::format("behind its {} members, at byte {}, is neither another one nor the end mark",
                       archive.members.size(), archive.size);
  }
  return fmt::format("its member '{}' is cut off: {} of {} bytes are there", damage.member, damage.there, damage.size);
}

}  // namespace bootrig
