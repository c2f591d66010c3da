#include "triage/written_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace bootrig {
namespace {

constexpr std::uint64_t kCompared = 32;  // bytes

using Bytes = std::array<std::uint8_t, kCompared>;

bool all_zero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// What the file puts there is what memory holds. Of zeros only those that it clears itself count: others are everywhere.
bool confirms(const LoadedElf& file, const ElfSegment& segment, std::uint64_t physical, const Bytes& memory) {
  const std::uint64_t into = physical - segment.physical_address;
  if (into >= segment.file_size) return segment.memory_size - into >= kCompared && all_zero(memory);
  Bytes bytes{};
  return segment.memory_size - into >= kCompared && file.read_physical(physical, bytes) && bytes == memory &&
         !all_zero(memory);
}

std::string segment_text(const LoadedElf& file, std::size_t index, std::uint64_t physical) {
  const ElfSegment& segment = file.elf().segments[index];
  const bool cleared = physical - segment.physical_address >= segment.file_size;
  return fmt::format("segment {} of {} ({:#x}..{:#x}) lies there, {}", index, file.path().filename().string(),
                     segment.physical_address, segment.physical_address + segment.memory_size,
                     cleared ? "and memory is zero, as that part of it is (BSS)" : "and memory holds what it has");
}

// Bytes that a file has somewhere, which somebody has copied.
std::string whose_bytes(const Facts& facts, const Bytes& memory) {
  const std::string_view wanted(reinterpret_cast<const char*>(memory.data()), memory.size());
  if (facts.evidence.given == nullptr || all_zero(memory)) return "";
  for (const GivenFile* file : {&facts.evidence.given->initrd, &facts.evidence.given->image}) {
    const std::size_t at = file->bytes.find(wanted);
    if (at != file->bytes.npos) return fmt::format("memory holds there what {} has at byte {:#x}", file->name, at);
  }
  return "";
}

}  // namespace

std::string who_lies_at(const Facts& facts, std::uint64_t physical, const LoadedElf* except) {
  Bytes memory{};
  if (facts.memory == nullptr || !facts.memory->read(physical, memory)) return "";
  for (const LoadedElf& file : facts.evidence.files) {
    const auto& segments = file.elf().segments;
    for (std::size_t i = 0; i < segments.size() && &file != except; ++i) {
      const bool there = physical - segments[i].physical_address < segments[i].memory_size;
      if (there && confirms(file, segments[i], physical, memory)) return segment_text(file, i, physical);
    }
  }
  return whose_bytes(facts, memory);
}

}  // namespace bootrig
