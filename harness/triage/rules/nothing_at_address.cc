#include <fmt/format.h>

#include "triage/rules/rules.h"

namespace bootrig {

std::optional<std::uint64_t> access_to_nothing(const Facts& facts) {
  // Data alone: an instruction that is fetched from nowhere is a jump's fault, not an address's.
  const bool external = facts.syndrome && !facts.syndrome->instruction && facts.syndrome->status &&
                        facts.syndrome->status->kind == aarch64::FaultKind::kExternal && facts.walk &&
                        facts.walk->address && !facts.map.empty();
  if (!external || find_region(facts.map, *facts.walk->address) != nullptr) return std::nullopt;
  return facts.walk->address;
}

std::optional<RootCause> nothing_at_address(const Facts& facts) {
  const auto address = access_to_nothing(facts);
  if (!address) return std::nullopt;
  std::string change = "check the address against the target's device tree";
  if (facts.evidence.machine != nullptr) {
    change += fmt::format(" (GICv{}, {} MiB of memory, entered at EL{})", facts.evidence.machine->gic,
                          facts.evidence.machine->memory >> 20, facts.evidence.machine->level);
  }
  return RootCause{"nothing-at-address",
                   fmt::format("{} accesses {:#x}, physical {:#x}, and this machine has nothing there",
                               code_of_exception(facts), *facts.far, *address),
                   change};
}

}  // namespace bootrig
