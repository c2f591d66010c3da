#include "triage/running_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bootrig {
namespace {

constexpr std::uint64_t kCompared = 64;  // bytes, aligned

bool was_booted(const Facts& facts, const ElfSegment& segment) {
  return std::ranges::any_of(facts.evidence.loaded, [&](const LoadedRange& range) {
    return range.first <= segment.physical_address && segment.physical_address <= range.last;
  });
}

std::optional<FilePlace> find_at(const Facts& facts, std::uint64_t address, unsigned from_level) {
  for (const LoadedElf& file : facts.evidence.files) {
    const ElfSegment* segment = file.segment_at_virtual(address);
    if (segment == nullptr) continue;
    const FilePlace place{&file, segment, address};
    const bool privileged = place.tells_physical() || was_booted(facts, *segment);
    if (privileged == (from_level > 0)) return place;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FilePlace> find_in_files(const Facts& facts, std::uint64_t address, unsigned from_level) {
  auto place = find_at(facts, address, from_level);
  if (!place && from_level == 2 && (address & kUpperHalf) == 0) place = find_at(facts, address | kUpperHalf, 2);
  return place;
}

bool any_file_has(const Facts& facts, std::uint64_t address) {
  return std::ranges::any_of(facts.evidence.files, [&](const LoadedElf& file) {
    return file.segment_at_virtual(address) != nullptr || file.segment_at_virtual(address | kUpperHalf) != nullptr;
  });
}

std::string offset_in_file(const Facts& facts, std::uint64_t physical) {
  for (const LoadedElf& file : facts.evidence.files) {
    const ElfSegment* segment = file.segment_at_physical(physical);
    if (segment == nullptr || physical - segment->physical_address >= segment->file_size) continue;
    return fmt::format(" (offset {:#x} of {})", physical - segment->physical_address + segment->file_offset,
                       file.path().filename().string());
  }
  return "";
}

Likeness compare_with_memory(const Facts& facts, const FilePlace& place, std::uint64_t physical) {
  if ((place.writable() && !place.executable()) || facts.memory == nullptr) return Likeness::kUnknown;
  const std::uint64_t start = place.segment->virtual_address, end = start + place.segment->file_size;
  const std::uint64_t first = std::max(start, place.linked & ~(kCompared - 1));
  if (place.linked >= end) return Likeness::kUnknown;
  std::array<std::uint8_t, kCompared> in_file{}, in_memory{};
  const std::size_t size = std::min(kCompared - first % kCompared, end - first);
  const std::span file_bytes(in_file.data(), size), memory_bytes(in_memory.data(), size);
  if (!place.file->read_virtual(first, file_bytes)) return Likeness::kUnknown;
  if (std::ranges::all_of(file_bytes, [](std::uint8_t byte) { return byte == 0; })) return Likeness::kUnknown;
  if (!facts.memory->read(physical - (place.linked - first), memory_bytes)) return Likeness::kOther;
  return std::ranges::equal(file_bytes, memory_bytes) ? Likeness::kSame : Likeness::kOther;
}

Result<void> FileMemory::read(std::uint64_t address, std::span<std::uint8_t> out) {
  for (const LoadedElf& file : files_) {
    if (file.read_physical(address, out)) return {};
  }
  return fail(fmt::format("no file has anything at physical {:#x}", address));
}

std::optional<std::uint32_t> instruction_at(const Facts& facts, std::uint64_t address) {
  std::array<std::uint8_t, 4> bytes;
  const auto physical = translate(facts, address, aarch64::Access::Kind::kExecute);
  if (!physical || !facts.memory->read(*physical, bytes)) {
    const auto place = find_in_files(facts, address, facts.taken_from);
    if (!place || !place->file->read_virtual(place->linked, bytes)) return std::nullopt;
  }
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

}  // namespace bootrig
