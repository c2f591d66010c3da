#include "triage/suspect.h"

#include <algorithm>
#include <array>

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

bool same_bytes(const Facts& facts, const LoadedElf& file, std::uint64_t entry, std::uint64_t physical) {
  std::array<std::uint8_t, 32> there, in_file;
  return facts.evidence.at_rest->read(physical, there) && file.read_virtual(entry, in_file) && there == in_file;
}

// Where its entry lies, of a program that runs elsewhere than it lies: then tables must say so.
std::optional<std::uint64_t> physical_entry(const LoadedElf& file) {
  const std::uint64_t entry = file.elf().entry;
  const ElfSegment* segment = file.segment_at_virtual(entry);
  if (segment == nullptr || segment->virtual_address == segment->physical_address) return std::nullopt;
  return segment->physical_address + (entry - segment->virtual_address);
}

}  // namespace

std::optional<Suspect> find_suspect(const Facts& facts) {
  if (facts.record || facts.evidence.at_rest == nullptr || !facts.registers) return std::nullopt;
  const auto cpu = std::ranges::find(facts.cpus, facts.cpu->index, [](const CpuFacts& c) { return c.state.index; });
  if (cpu == facts.cpus.end()) return std::nullopt;
  const auto elr = system_register(cpu->state, "ELR", cpu->level);
  if (!elr || (!lost_in_vectors(*cpu, *elr) && !lost_in_handler(facts))) return std::nullopt;
  if (!aarch64::stage1_enabled(*facts.registers, facts.regime)) return std::nullopt;
  for (const LoadedElf& file : facts.evidence.files) {
    const auto physical = physical_entry(file);
    const bool entered = file.segment_at_virtual(*elr) != nullptr || file.segment_at_virtual(cpu->state.pc) != nullptr;
    if (!physical || entered || !same_bytes(facts, file, file.elf().entry, *physical)) continue;
    const aarch64::Access fetch{aarch64::Access::Kind::kExecute, cpu->level};
    auto walk = aarch64::walk(*facts.registers, facts.regime, file.elf().entry, fetch, *facts.evidence.at_rest);
    if (walk.fault || (walk.address && *walk.address != *physical)) {
      return Suspect{&file, file.elf().entry, *physical, std::move(walk)};
    }
  }
  return std::nullopt;
}

}  // namespace bootrig
