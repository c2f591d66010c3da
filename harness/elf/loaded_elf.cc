#include "elf/loaded_elf.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bootrig {

Result<LoadedElf> LoadedElf::open(const std::filesystem::path& path) {
  LoadedElf file;
  BOOTRIG_TRY(file.elf_, open_elf(path));
  file.path_ = path;
  file.fd_ = ScopedFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd_.valid()) return fail(path.string(), fmt::format("cannot be read: {}", std::strerror(errno)));
  return file;
}

const ElfSegment* LoadedElf::segment_at_physical(std::uint64_t address) const {
  const auto holds = [&](const ElfSegment& s) { return address - s.physical_address < s.memory_size; };
  const auto found = std::ranges::find_if(elf_.segments, holds);
  return found == elf_.segments.end() ? nullptr : &*found;
}

const ElfSegment* LoadedElf::segment_at_virtual(std::uint64_t address) const {
  const auto holds = [&](const ElfSegment& s) { return address - s.virtual_address < s.memory_size; };
  const auto found = std::ranges::find_if(elf_.segments, holds);
  return found == elf_.segments.end() ? nullptr : &*found;
}

Result<void> LoadedElf::read_physical(std::uint64_t address, std::span<std::uint8_t> out) const {
  const ElfSegment* segment = segment_at_physical(address);
  if (segment == nullptr) return fail(path_.string(), fmt::format("has nothing at physical {:#x}", address));
  return read_segment(*segment, address - segment->physical_address, out);
}

Result<void> LoadedElf::read_virtual(std::uint64_t address, std::span<std::uint8_t> out) const {
  const ElfSegment* segment = segment_at_virtual(address);
  if (segment == nullptr) return fail(path_.string(), fmt::format("has nothing at {:#x}", address));
  return read_segment(*segment, address - segment->virtual_address, out);
}

Result<void> LoadedElf::read_segment(const ElfSegment& segment, std::uint64_t offset,
                                     std::span<std::uint8_t> out) const {
  if (out.size() > segment.memory_size - offset) {
    return fail(path_.string(), fmt::format("ends within the {} bytes asked for", out.size()));
  }
  std::ranges::fill(out, 0);
  if (offset >= segment.file_size) return {};
  const std::size_t count = std::min<std::uint64_t>(out.size(), segment.file_size - offset);
  std::size_t done = 0;
  while (done < count) {
    const auto at = static_cast<off_t>(segment.file_offset + offset + done);
    const ssize_t got = ::pread(fd_.get(), out.data() + done, count - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(path_.string(), "has become shorter");
    done += static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace bootrig
