#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "inspect/container.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// The first address of the range that no memory is at. None: all of it is memory.
std::optional<std::uint64_t> first_missing(const std::vector<MemoryRegion>& map, const LoadedRange& range) {
  std::uint64_t at = range.first;
  for (;;) {
    const MemoryRegion* region = find_region(map, at);
    if (region == nullptr || !region->memory) return at;
    if (region->last >= range.last) return std::nullopt;
    at = region->last + 1;
  }
}

constexpr std::uint64_t kLargestImage = 64 << 20;  // enough for every loader with its archive

constexpr unsigned kPhysicalBits = 52;      // DDI 0487: no implementation has more
constexpr std::uint64_t kBehind = 2 << 20;  // a loader puts device tree and next program right behind the one before

// The programs whose own physical addresses the last abort was at: a user program's say nothing, unless its loader went
// there. The exceptions that missing vectors bring are no aborts, and leave FAR as it was (DDI 0487, FAR_ELx).
std::vector<ImageRegion> programs_met(const Facts& facts, const ImageContents& contents) {
  const auto far = system_register(facts.cpus.front().state, "FAR", facts.cpus.front().level);
  std::vector<ImageRegion> met;
  for (const EmbeddedProgram& program : contents.programs) {
    for (const ElfSegment& segment : program.elf.segments) {
      const std::uint64_t reach = segment.memory_size + (segment.physical_address >> kPhysicalBits != 0 ? kBehind : 0);
      if (!far || *far == 0 || *far - segment.physical_address >= reach) continue;
      met.push_back({.kind = ImageRegion::Kind::kCopied,
                     .name = fmt::format("{}, whose p_paddr says so,", program.name),
                     .address = segment.physical_address,
                     .size = segment.memory_size});
    }
  }
  return met;
}

// What a loader would copy, out of the image as it lies in memory. Its own data may have changed since; its archive and
// its tables have not.
std::vector<ImageRegion> parts_copied(const Facts& facts, const LoadedRange& range) {
  const std::uint64_t size = range.last - range.first + 1;
  if (range.last < range.first || size > kLargestImage) return {};
  std::vector<std::uint8_t> bytes(size);
  if (!facts.memory->read(range.first, bytes)) return {};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto contents = read_contents("the image", text, range.first);
  if (!contents) return {};
  std::vector<ImageRegion> parts = all_regions(*contents);
  std::erase_if(parts,
                [](const ImageRegion& part) { return part.kind != ImageRegion::Kind::kCopied || part.size == 0; });
  for (ImageRegion& part : programs_met(facts, *contents)) parts.push_back(std::move(part));
  return parts;
}

std::string what_is_at(const std::vector<MemoryRegion>& map, std::uint64_t address) {
  const MemoryRegion* there = find_region(map, address);
  return there == nullptr ? "nothing" : there->name + ", no memory";
}

}  // namespace

// Only for who was lost without a word: a loader that looks where it copies to says what it finds.
std::optional<RootCause> part_outside_ram(const Facts& facts) {
  if (facts.map.empty() || facts.memory == nullptr || facts.from_files || !vectors_not_set(facts)) return std::nullopt;
  for (const LoadedRange& range : facts.evidence.loaded) {
    for (const ImageRegion& part : parts_copied(facts, range)) {
      const auto missing = first_missing(facts.map, {part.address, part.end() - 1});
      if (part.end() <= part.address || !missing) continue;
      return RootCause{
          "image-outside-ram",
          fmt::format("the image's loader copies {} to {:#x}..{:#x}, and at {:#x} this machine has {}; the CPU is lost "
                      "in an exception, and nobody has set vectors for it",
                      part.name, part.address, part.end() - 1, *missing, what_is_at(facts.map, *missing)),
          "link it to where the target has memory, or build it with this machine's device tree"};
    }
  }
  return std::nullopt;
}

// What is loaded to where there is nothing is lost without a word.
std::optional<RootCause> image_outside_ram(const Facts& facts) {
  if (facts.map.empty()) return std::nullopt;
  for (const LoadedRange& range : facts.evidence.loaded) {
    const auto missing = first_missing(facts.map, range);
    if (range.last < range.first || !missing) continue;
    std::string change = "link or load the image to where the target has memory";
    if (facts.evidence.machine != nullptr) {
      change += fmt::format(", or boot with more than {} MiB", facts.evidence.machine->memory >> 20);
    }
    return RootCause{"image-outside-ram",
                     fmt::format("the image is loaded to {:#x}..{:#x}, and at {:#x} this machine has {}", range.first,
                                 range.last, *missing, what_is_at(facts.map, *missing)),
                     change};
  }
  return std::nullopt;
}

}  // namespace bootrig
