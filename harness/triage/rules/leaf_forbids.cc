// The walk reaches a leaf that leads to memory, and the access is refused all the same.
#include <fmt/format.h>

#include <algorithm>

#include "aarch64/field.h"
#include "aarch64/translation.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

using aarch64::Access;
using aarch64::FaultKind;
using aarch64::WalkStep;

// DDI 0487, D8.3.2: of block and page descriptors; of table descriptors, with hierarchical permissions.
constexpr unsigned kAp1 = 6, kAp2 = 7, kAccessFlag = 10, kPxn = 53, kUxn = 54;
constexpr unsigned kPxnTable = 59, kUxnTable = 60, kApTable1 = 62;

std::uint64_t mask(unsigned place) {
  return std::uint64_t{1} << place;
}

// The leaf that refused, when the tables still refuse and a file says what belongs there.
struct Refusal {
  FilePlace place;
  WalkStep leaf;
};
std::optional<Refusal> find_refusal(const Facts& facts, FaultKind kind) {
  if (!walk_confirms(facts, kind) || facts.walk->steps.empty()) return std::nullopt;
  // A stage 2 fault of the last stage 1 step would have to be told by both: there the last step is stage 2's.
  if (facts.walk->fault->stage != facts.walk->steps.back().stage) return std::nullopt;
  const auto place = find_in_files(facts, *facts.far, facts.taken_from);
  if (!place) return std::nullopt;
  return Refusal{*place, facts.walk->steps.back()};
}

std::string value_change(const Facts& facts, const WalkStep& step, std::uint64_t value, std::string_view bits) {
  return fmt::format("the descriptor at {} is {:#x} and must be {:#x} ({})", with_symbol(facts, step.address),
                     step.descriptor, value, bits);
}

// A table above the leaf that takes the right away.
const WalkStep* limiting_table(const Facts& facts, unsigned bit) {
  const auto& steps = facts.walk->steps;
  const auto found = std::find_if(steps.begin(), steps.end() - 1, [&](const WalkStep& step) {
    return step.stage == 1 && aarch64::bit(step.descriptor, bit);
  });
  return found == steps.end() - 1 ? nullptr : &*found;
}

bool two_privileges(const Facts& facts) {
  return facts.regime == aarch64::Regime::kEl10 || facts.regime == aarch64::Regime::kEl20;
}

std::string execution_change(const Facts& facts, const WalkStep& leaf) {
  if (leaf.stage == 2) {
    return value_change(facts, leaf, leaf.descriptor & ~(mask(kPxn) | mask(kUxn)), "stage 2 XN clear");
  }
  const bool privileged = two_privileges(facts) && facts.taken_from != 0;
  const unsigned never = privileged ? kPxn : kUxn;
  const std::string_view name = privileged ? "PXN" : two_privileges(facts) ? "UXN" : "XN";
  if (aarch64::bit(leaf.descriptor, never)) {
    return value_change(facts, leaf, leaf.descriptor & ~mask(never), fmt::format("{} clear", name));
  }
  const unsigned in_table = privileged ? kPxnTable : kUxnTable;
  if (const WalkStep* table = limiting_table(facts, in_table)) {
    return value_change(facts, *table, table->descriptor & ~mask(in_table), fmt::format("{}Table clear", name));
  }
  if (aarch64::bit(facts.registers->sctlr, aarch64::kSctlrWxn)) {
    return value_change(facts, leaf, leaf.descriptor | mask(kAp2),
                        "AP[2] set: with SCTLR.WXN nothing that is writable is executable");
  }
  return value_change(facts, leaf, leaf.descriptor & ~mask(kAp1),
                      "AP[1] clear: what EL0 may write is not executable above it");
}

std::string write_change(const Facts& facts, const WalkStep& leaf) {
  if (leaf.stage == 2) return value_change(facts, leaf, leaf.descriptor | mask(kAp2), "S2AP[1] set: writable");
  if (aarch64::bit(leaf.descriptor, kAp2)) {
    return value_change(facts, leaf, leaf.descriptor & ~mask(kAp2), "AP[2] clear: writable");
  }
  const WalkStep* table = limiting_table(facts, kApTable1);
  if (table == nullptr) return fmt::format("{} must be writable", with_symbol(facts, leaf.address));
  return value_change(facts, *table, table->descriptor & ~mask(kApTable1), "APTable[1] clear");
}

// A place in MAIR that is Normal memory, write-back before all others (DDI 0487, MAIR_EL1: 0xff).
std::optional<unsigned> normal_index(std::uint64_t mair) {
  const auto attribute = [&](unsigned index) { return (mair >> (8 * index)) & 0xff; };
  for (unsigned index = 0; index < 8; ++index) {
    if (attribute(index) == 0xff) return index;
  }
  for (unsigned index = 0; index < 8; ++index) {
    if (attribute(index) >= 0x44) return index;
  }
  return std::nullopt;
}

}  // namespace

std::optional<RootCause> access_flag_clear(const Facts& facts) {
  const auto refusal = find_refusal(facts, FaultKind::kAccessFlag);
  if (!refusal) return std::nullopt;
  const auto& [place, leaf] = *refusal;
  return RootCause{"access-flag-clear",
                   fmt::format("the level {} descriptor for {:#x}, where {} has its {}, has the access flag clear, and "
                               "nothing sets it",
                               leaf.level, *facts.far, place.file_name(), place.what()),
                   value_change(facts, leaf, leaf.descriptor | mask(kAccessFlag), "AF set")};
}

std::optional<RootCause> execute_never(const Facts& facts) {
  const auto refusal = find_refusal(facts, FaultKind::kPermission);
  if (!refusal || facts.access.kind != Access::Kind::kExecute || !refusal->place.executable()) return std::nullopt;
  const auto& [place, leaf] = *refusal;
  return RootCause{"execute-never",
                   fmt::format("{:#x}, where {} has its code, is mapped but not executable at EL{}: {}", *facts.far,
                               place.file_name(), facts.taken_from, facts.walk->fault->why),
                   execution_change(facts, leaf)};
}

// A write to what the file itself has read-only is the code's fault, not the table's.
std::optional<RootCause> read_only_mapping(const Facts& facts) {
  const auto refusal = find_refusal(facts, FaultKind::kPermission);
  if (!refusal || facts.access.kind != Access::Kind::kWrite || !refusal->place.writable()) return std::nullopt;
  const auto& [place, leaf] = *refusal;
  return RootCause{"read-only-mapping",
                   fmt::format("{} writes to {:#x}, where {} has its data, and that is mapped read-only: {}",
                               code_of_exception(facts), *facts.far, place.file_name(), facts.walk->fault->why),
                   write_change(facts, leaf)};
}

// Accesses that Device memory refuses and Normal memory allows: unaligned ones, and fetches where an implementation
// does not allow them (DDI 0487, B2.7.2). A real device refuses them rightly: the memory map tells.
std::optional<RootCause> device_memory(const Facts& facts) {
  if (!facts.syndrome || !facts.syndrome->status || !facts.walk || !facts.walk->address || !facts.walk->device) {
    return std::nullopt;
  }
  const FaultKind kind = facts.syndrome->status->kind;
  const bool refused = kind == FaultKind::kAlignment || (kind == FaultKind::kPermission && facts.syndrome->instruction);
  const MemoryRegion* region = find_region(facts.map, *facts.walk->address);
  if (!refused || region == nullptr || !region->memory || facts.walk->steps.empty()) return std::nullopt;
  const WalkStep& leaf = facts.walk->steps.back();
  if (leaf.stage != 1) return std::nullopt;
  const auto index = normal_index(facts.registers->mair);
  const std::uint64_t value = (leaf.descriptor & ~std::uint64_t{0x1c}) | std::uint64_t{index.value_or(0)} << 2;
  return RootCause{
      "device-memory",
      fmt::format("{:#x} is memory ({} at {:#x}) but mapped as a device, AttrIndx {}: {}", *facts.far, region->name,
                  *facts.walk->address, aarch64::bits(leaf.descriptor, 4, 2), facts.syndrome->status->text),
      index ? value_change(facts, leaf, value, fmt::format("AttrIndx {}, Normal memory", *index))
            : fmt::format("MAIR {:#x} has no Normal memory: it must", facts.registers->mair)};
}

}  // namespace bootrig
