#include <fmt/format.h>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

// A data abort with a valid FAR that is no null pointer.
bool is_data_fault(const Facts& facts, aarch64::FaultKind kind) {
  const auto& syndrome = facts.syndrome;
  return syndrome && syndrome->abort && !syndrome->instruction && syndrome->status && syndrome->status->kind == kind &&
         facts.far && *facts.far >= kNullPage && facts.suspect == nullptr;
}

bool is_protection_domain(const Facts& facts) {
  return facts.record && facts.record->extra.contains("pd");
}

}  // namespace

// An address at which the machine has a device is one that a driver was given, and used without a mapping.
std::optional<RootCause> device_not_mapped(const Facts& facts) {
  if (!is_data_fault(facts, aarch64::FaultKind::kTranslation) || any_file_has(facts, *facts.far)) return std::nullopt;
  const MemoryRegion* there = find_region(facts.map, *facts.far);
  if (there == nullptr || there->memory) return std::nullopt;
  return RootCause{
      "device-not-mapped",
      fmt::format("{} at {} {} {:#x}, which no table maps; it is the physical address of {}", code_at_fault(facts),
                  code_of_exception(facts), facts.syndrome->write ? "writes to" : "reads from", *facts.far,
                  there->name),
      is_protection_domain(facts)
          ? "give the domain a memory region with that physical address, and a map of it, in the system file; then use "
            "the address that the map has"
          : "map the device before it is used, and use the address at which it is mapped"};
}

// The CPU itself says that the address is mapped, and not for writing. What user code may write is its system's choice.
std::optional<RootCause> user_write_refused(const Facts& facts) {
  const bool refused = is_data_fault(facts, aarch64::FaultKind::kPermission) && facts.syndrome->write;
  if (!refused || facts.taken_from != 0) return std::nullopt;
  return RootCause{
      "read-only-mapping",
      fmt::format("{} at {} writes to {:#x}, which is mapped, and not for writing by user code", code_at_fault(facts),
                  code_of_exception(facts), *facts.far),
      is_protection_domain(facts)
          ? "if the domain is to write there, its map in the system file needs perms=\"rw\"; otherwise find why it does"
          : "if it is to write there, map it for writing; otherwise find where the pointer comes from"};
}

}  // namespace bootrig
