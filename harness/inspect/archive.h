// CPIO archives of the "newc" form (cpio(5)) inside an image: where they are and what of them is there. Hostile bytes
// give fewer archives, never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "elf/loaded_elf.h"

namespace bootrig {

struct ArchiveDamage {
  std::string member;       // whose data is cut off; empty: a header or the end mark is missing
  std::uint64_t size = 0;   // that its header promises
  std::uint64_t there = 0;  // that is there
};

struct ArchiveMember {
  std::string name;
  std::uint64_t first = 0;  // of its data; offset in the bytes looked at
  std::uint64_t size = 0;
};

struct Archive {
  std::uint64_t first = 0;              // offset in the bytes looked at
  std::uint64_t size = 0;               // of what is there
  std::vector<ArchiveMember> members;   // whole ones
  std::optional<ArchiveDamage> damage;  // what is wrong; none: it ends with its end mark
};

std::vector<Archive> find_archives(std::string_view bytes);

// The bytes of a file's segment as the file has them, at most 256 MiB; empty: they cannot be read.
std::string segment_bytes(const LoadedElf& file, const ElfSegment& segment);

// The first archive that is not whole, in the segments of these files.
std::optional<Archive> find_damaged_archive(std::span<const LoadedElf> files);
// "its member 'user.elf' is cut off: 1024 of 9000 bytes are there"
std::string damage_text(const Archive& archive);

}  // namespace bootrig
