#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "inspect/findings.h"
#include "inspect/system_instruction.h"
#include "qemu/arguments.h"
#include "triage/activity.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

constexpr unsigned kTrappedSystemInstruction = 0x18;  // ESR_ELx.EC

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

// Every CPU that is on waits, and at least one of them for an interrupt.
bool waits_for_interrupt(const Facts& facts) {
  bool waits = false;
  for (std::size_t i = 0; i < facts.cpus.size(); ++i) {
    const Doing doing = activity_of(facts, i).doing;
    if (doing != Doing::kIdle && doing != Doing::kOff) return false;
    waits = waits || doing == Doing::kIdle;
  }
  return waits;
}

// What the same machine with the other GIC has of it where this one has nothing; none: nothing.
std::optional<DeviceTree::Range> range_of_other_gic(const Facts& facts) {
  MachineSpec other = *facts.evidence.machine;
  other.gic = other.gic == 2 ? 3 : 2;
  for (const MemoryRegion& region : facts.evidence.map_of(other)) {
    if (!region.name.starts_with("gic") || find_region(facts.map, region.first) != nullptr) continue;
    return DeviceTree::Range{region.first, region.last - region.first + 1};
  }
  return std::nullopt;
}

// What a machine has where, in the form in which code is held against it.
DeviceTree devices_of(const std::vector<MemoryRegion>& map) {
  DeviceTree tree;
  for (const MemoryRegion& region : map) {
    const DeviceTree::Range range{region.first, region.last - region.first + 1};
    if (region.memory) {
      tree.memory.push_back(range);
    } else {
      tree.devices.push_back({region.name, "", {range}, true});
    }
  }
  return tree;
}

// KVM drops an access to nothing without a word. What is left of it: a CPU that waits for an interrupt that never comes,
// and code of the image that sets up the other GIC.
std::optional<RootCause> by_code(const Facts& facts) {
  const Evidence& evidence = facts.evidence;
  const MachineSpec& machine = *evidence.machine;
  if (machine.accelerator != Accelerator::kKvm || evidence.files.empty() || !evidence.map_of || facts.map.empty() ||
      facts.syndrome || !waits_for_interrupt(facts)) {
    return std::nullopt;
  }
  const auto range = range_of_other_gic(facts);
  const std::string name = evidence.files.front().path().string();
  const auto bytes = read_file(name);
  if (!range || !bytes) return std::nullopt;
  const auto contents = read_contents(name, *bytes, std::nullopt);
  if (!contents) return std::nullopt;
  const DeviceTree has = devices_of(facts.map);
  const TargetPlace place{.name = "this machine",
                          .memory = kMemoryBase,
                          .memory_size = machine.memory,
                          .level = machine.level,
                          .gic = machine.gic,
                          .kvm = true,
                          .other_gic = range,
                          .tree = [&has] { return &has; }};
  const SymbolTable none;
  const auto findings = find_problems(*contents, *bytes, evidence.symbols != nullptr ? *evidence.symbols : none, place);
  const auto found = std::ranges::find(findings, "gic-mismatch", &Finding::name);
  if (found == findings.end() || found->evidence.empty()) return std::nullopt;
  return image_for(
      facts, machine.gic == 2 ? 3 : 2,
      fmt::format("CPU {} waits at {} for an interrupt that never comes, and {} ({}), where KVM drops every "
                  "access without an abort",
                  facts.cpus.front().state.index, code_symbol(facts, facts.cpus.front().state.pc), found->what,
                  found->evidence.front()));
}

}  // namespace

std::optional<RootCause> image_for_gic(const Facts& facts) {
  if (facts.evidence.machine == nullptr) return std::nullopt;
  if (auto cause = by_register(facts)) return cause;
  if (auto cause = by_address(facts)) return cause;
  return by_code(facts);
}

}  // namespace bootrig
