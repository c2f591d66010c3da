#include "triage/suspect.h"

#include <algorithm>

#include "triage/running_files.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kVectorBytes = 0x800;  // DDI 0487, D1.3.1: 16 entries of 0x80 bytes

// In the vectors, and what brought it there happened in them as well: a first exception would have left an ELR outside.
bool lost_in_vectors(const CpuFacts& cpu, std::uint64_t elr) {
  return cpu.vectors && elr - *cpu.vectors < kVectorBytes && (cpu.in_vectors || !cpu.instruction);
}

// The registers tell of an abort, yet nobody has printed it, and nothing more came: the handler may have met it.
bool lost_in_handler(const Facts& facts) {
  return facts.evidence.stopped_for == StoppedFor::kTime && facts.syndrome && facts.syndrome->abort &&
         facts.syndrome->same_level;
}

// Its tables are on, they stand in it, and it is where it was linked: then it must have mapped itself, or the next
// instruction after it turned them on could not be fetched. The tables of a program that came after it stand elsewhere.
bool must_map_itself(const Facts& facts, const LoadedElf& file, const FilePlace& place) {
  return !place.tells_physical() && file.segment_at_virtual(facts.registers->ttbr0 & ~std::uint64_t{0xfff}) != nullptr;
}

}  // namespace

std::optional<Suspect> find_suspect(const Facts& facts) {
  if (facts.record || facts.evidence.at_rest == nullptr || !facts.registers || facts.evidence.taken != nullptr) {
    return std::nullopt;
  }
  const auto cpu = std::ranges::find(facts.cpus, facts.cpu->index, [](const CpuFacts& c) { return c.state.index; });
  if (cpu == facts.cpus.end()) return std::nullopt;
  const auto elr = system_register(cpu->state, "ELR", cpu->level);
  if (!elr || (!lost_in_vectors(*cpu, *elr) && !lost_in_handler(facts))) return std::nullopt;
  if (!aarch64::stage1_enabled(*facts.registers, facts.regime)) return std::nullopt;
  for (const LoadedElf& file : facts.evidence.files) {
    const bool entered = file.segment_at_virtual(*elr) != nullptr || file.segment_at_virtual(cpu->state.pc) != nullptr;
    const ElfSegment* segment = file.segment_at_virtual(file.elf().entry);
    if (segment == nullptr || entered) continue;
    // It runs elsewhere than it lies, so that tables must say where, and it is there already.
    const FilePlace place{&file, segment, file.elf().entry};
    if ((!place.tells_physical() && !must_map_itself(facts, file, place)) ||
        compare_with_memory(facts, place, place.physical()) != Likeness::kSame)
      continue;
    const aarch64::Access fetch{aarch64::Access::Kind::kExecute, cpu->level};
    auto walk = aarch64::walk(*facts.registers, facts.regime, file.elf().entry, fetch, *facts.evidence.at_rest);
    if (walk.fault || (walk.address && *walk.address != place.physical())) {
      return Suspect{&file, file.elf().entry, place.physical(), std::move(walk)};
    }
  }
  return std::nullopt;
}

}  // namespace bootrig
