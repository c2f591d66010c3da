#include <fmt/format.h>

#include <cstring>

#include "inspect/archive.h"
#include "inspect/system_instruction.h"
#include "triage/rules.h"

namespace bootrig {
namespace {

// The first system instruction in the file's code that EL1 does not have.
std::optional<SystemInstruction> above_el1(const LoadedElf& file) {
  for (const ElfSegment& segment : file.elf().segments) {
    if (!segment.executable()) continue;
    const std::string bytes = segment_bytes(file, segment);
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      const auto instruction = decode_system_instruction(word);
      if (instruction && instruction->lowest_level() == 2) return instruction;
    }
  }
  return std::nullopt;
}

}  // namespace

// EL2 has one half of the address space alone, the lower. A program that is linked there and lies elsewhere, that has
// EL2's instructions and that cannot be entered at EL1, is not for EL1, whatever its loader has put into tables.
std::optional<RootCause> hypervisor_program(const Facts& facts) {
  constexpr std::uint64_t kUpperBit = std::uint64_t{1} << 55;  // DDI 0487, D8.1: it selects TTBR1_EL1's half
  if (facts.suspect == nullptr || facts.taken_to != 1) return std::nullopt;
  const std::uint64_t entry = facts.suspect->elf().entry;
  const ElfSegment* segment = facts.suspect->segment_at_virtual(entry);
  if (segment == nullptr || segment->virtual_address == segment->physical_address) return std::nullopt;  // flat
  if ((entry & kUpperBit) != 0) return std::nullopt;
  const auto instruction = above_el1(*facts.suspect);
  if (!instruction) return std::nullopt;
  return RootCause{"hypervisor-image-below-el2",
                   fmt::format("{} is linked for EL2 (its entry {:#x} is in the lower half, its code has {}), but the "
                               "CPU is at EL1, where no table maps that entry",
                               facts.suspect->path().filename().string(), entry, instruction->text()),
                   "boot it on a target that enters it at EL2, or build it without hypervisor support"};
}

// An instruction is undefined below the lowest level that may execute it. User code that tries is another defect.
std::optional<RootCause> image_for_higher_level(const Facts& facts) {
  const bool undefined = facts.syndrome && facts.syndrome->ec == 0;  // ESR_ELx.EC, unknown reason
  if (!undefined || !facts.instruction || facts.taken_from == 0) return std::nullopt;
  const auto instruction = decode_system_instruction(*facts.instruction);
  if (!instruction || instruction->lowest_level() <= facts.taken_from) return std::nullopt;
  const unsigned level = instruction->lowest_level();
  return RootCause{
      level == 2 ? "hypervisor-image-below-el2" : "firmware-image-below-el3",
      fmt::format("the instruction at {} is {}, which is defined at EL{} and above: the image runs at EL{}",
                  code_of_exception(facts), instruction->text(), level, facts.taken_from),
      fmt::format("boot it on a target that enters it at EL{}, or build it without {}", level,
                  level == 2 ? "hypervisor support" : "EL3's work")};
}

}  // namespace bootrig
