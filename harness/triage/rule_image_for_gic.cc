#include <fmt/format.h>

#include "inspect/system_instruction.h"
#include "triage/rules.h"

namespace bootrig {
namespace {

constexpr unsigned kUnknownReason = 0x00, kTrappedSystemInstruction = 0x18;  // ESR_ELx.EC

RootCause image_for(const Facts& facts, unsigned gic, const std::string& evidence) {
  return RootCause{
      fmt::format("image-for-gicv{}", gic),
      fmt::format("{}; this machine has a GICv{}", evidence, facts.evidence.machine->gic),
      fmt::format("build the image for GICv{}, or boot it on a target with GICv{}", facts.evidence.machine->gic, gic)};
}

// GICv3's CPU interface is system registers, which a machine with a GICv2 does not have.
std::optional<RootCause> by_register(const Facts& facts) {
  const bool undefined =
      facts.syndrome && (facts.syndrome->ec == kUnknownReason || facts.syndrome->ec == kTrappedSystemInstruction);
  if (!undefined || !facts.instruction || facts.evidence.machine->gic != 2) return std::nullopt;
  const auto instruction = decode_system_instruction(*facts.instruction);
  if (!instruction || !instruction->gic_cpu_interface() || instruction->lowest_level() > facts.taken_from) {
    return std::nullopt;
  }
  return image_for(facts, 3,
                   fmt::format("the instruction at {} is {}, of a GICv3's CPU interface, and undefined here",
                               code_of_exception(facts), instruction->text()));
}

// Where this machine has nothing, the same machine with the other GIC has a part of it.
std::optional<RootCause> by_address(const Facts& facts) {
  const auto address = access_to_nothing(facts);
  if (!address || !facts.evidence.map_of) return std::nullopt;
  MachineSpec other = *facts.evidence.machine;
  other.gic = other.gic == 2 ? 3 : 2;
  const std::vector<MemoryRegion> map = facts.evidence.map_of(other);
  const MemoryRegion* region = find_region(map, *address);
  if (region == nullptr || !region->name.starts_with("gic")) return std::nullopt;
  return image_for(facts, other.gic,
                   fmt::format("{} accesses physical {:#x}, where nothing is; the same machine with a GICv{} has {} "
                               "there",
                               code_of_exception(facts), *address, other.gic, region->name));
}

}  // namespace

std::optional<RootCause> image_for_gic(const Facts& facts) {
  if (facts.evidence.machine == nullptr) return std::nullopt;
  if (auto cause = by_register(facts)) return cause;
  return by_address(facts);
}

}  // namespace bootrig
