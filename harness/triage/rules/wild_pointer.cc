#include <fmt/format.h>

#include <algorithm>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

constexpr int kPagesAround = 16;  // what is so near to something mapped may be a buffer that was overrun

// The machine has something there, or there in the window of a kernel that is linked elsewhere than it lies: then a
// mapping may be missing.
bool machine_has(const Facts& facts, std::uint64_t address) {
  if (find_region(facts.map, address) != nullptr) return true;
  for (const LoadedElf& file : facts.evidence.files) {
    for (const ElfSegment& segment : file.elf().segments) {
      const std::uint64_t distance = segment.virtual_address - segment.physical_address;
      const bool same_half = (address ^ segment.virtual_address) >> 48 == 0;
      if (facts.taken_from > 0 && same_half && find_region(facts.map, address - distance) != nullptr) return true;
    }
  }
  return false;
}

// An address that no table can map, as TCR is set: wild, unless TCR is wrong and the address is in the window of a kernel
// that is linked at a multiple of some power of two above its memory.
bool is_out_of_range(const Facts& facts) {
  if (!walk_confirms(facts, aarch64::FaultKind::kTranslation) || !facts.walk->fault->out_of_range) return false;
  for (unsigned bits = 36; bits < 64; ++bits) {
    const MemoryRegion* region = find_region(facts.map, *facts.far & ((std::uint64_t{1} << bits) - 1));
    if (region != nullptr && region->memory) return false;
  }
  return !facts.map.empty() && !any_file_has(facts, *facts.far);
}

bool is_near_something(const Facts& facts, std::uint64_t address) {
  for (int page = -kPagesAround; page <= kPagesAround; ++page) {
    const std::uint64_t there = address + static_cast<std::uint64_t>(page) * kPage;
    if (translate(facts, there, aarch64::Access::Kind::kRead)) return true;
  }
  return false;
}

// DDI 0487, C4.1.94, loads and stores: bits 27 and 25 are 1 and 0, the base is bits 9:5; 31 is SP. Those of literals
// (bits 29:27 are 011, bit 24 is 0) have no base.
bool goes_by_stack_pointer(const Facts& facts) {
  const auto instruction = facts.elr ? instruction_at(facts, *facts.elr) : std::nullopt;
  if (!instruction) return false;
  const std::uint32_t word = *instruction;
  const bool by_register = (word & 0x0a000000) == 0x08000000 && (word & 0x3b000000) != 0x18000000;
  return by_register && (word >> 5 & 31) == 31;
}

}  // namespace

// Named where the tables confirm that nothing is there, and nothing says that something should be; an address that
// no table could map is wild whatever the tables hold.
std::optional<RootCause> wild_pointer(const Facts& facts) {
  const bool data = facts.syndrome && facts.syndrome->abort && !facts.syndrome->instruction && facts.far;
  if (!data || *facts.far < kNullPage || !facts.syndrome->status ||
      facts.syndrome->status->kind != aarch64::FaultKind::kTranslation) {
    return std::nullopt;
  }
  const bool canonical = aarch64::is_canonical(*facts.far);
  const bool out_of_range = canonical && is_out_of_range(facts);
  if (canonical && !out_of_range) {
    const bool confirmed = walk_confirms(facts, aarch64::FaultKind::kTranslation) && !facts.from_files;
    // With one file known, another may have something there: the kernel that a loader has unpacked.
    const bool told = facts.evidence.files.size() > 1 && !facts.map.empty();
    if (!confirmed || !told || !facts.links.empty()) return std::nullopt;
    if (any_file_has(facts, *facts.far) || machine_has(facts, *facts.far) || is_near_something(facts, *facts.far)) {
      return std::nullopt;
    }
  } else if (!canonical && facts.syndrome->status->level != 0) {
    return std::nullopt;
  }
  const std::string why = out_of_range ? "which no table could map: " + facts.walk->fault->why
                          : canonical  ? "where nothing is mapped, no file has anything, and the machine has nothing"
                                       : "which is no address that a table could map";
  const std::string at = code_of_exception(facts);
  return RootCause{
      "wild-pointer",
      fmt::format("{} at {} {} {:#x}, {}", code_at_fault(facts), at, facts.syndrome->write ? "writes to" : "reads from",
                  *facts.far, why),
      goes_by_stack_pointer(facts)
          ? fmt::format("the pointer used at {} is the stack pointer: set it to the end of a stack before the "
                        "first function is called, or find what has changed it",
                        at)
          : fmt::format("find where the pointer used at {} comes from", at)};
}

}  // namespace bootrig
