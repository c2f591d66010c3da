#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/rules.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kValidTable = 3;  // DDI 0487, table descriptor: bits [1:0] = 0b11
constexpr std::uint64_t kTableBytes = 4096;

// Memory in which one descriptor is another one.
class PatchedMemory final : public MemoryReader {
 public:
  PatchedMemory(MemoryReader& memory, std::uint64_t at, std::uint64_t descriptor)
      : memory_(memory), at_(at), descriptor_(descriptor) {}
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    BOOTRIG_TRY_VOID(memory_.read(address, out));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t byte = address + i - at_;
      if (byte < sizeof descriptor_) out[i] = static_cast<std::uint8_t>(descriptor_ >> (8 * byte));
    }
    return {};
  }

 private:
  MemoryReader& memory_;
  std::uint64_t at_;
  std::uint64_t descriptor_;
};

struct Candidate {
  const Symbol* table;
  std::uint64_t address;  // that the walk then comes to
};

bool could_be_table(const Symbol& symbol) {
  return !symbol.function && symbol.size >= kTableBytes && symbol.address % kTableBytes == 0;
}

// Whether a descriptor in one of the image's tables points to this one.
bool is_linked(const Facts& facts, std::uint64_t table) {
  constexpr std::uint64_t kAddress = 0x0000fffffffff000;  // of a table descriptor with 4 KiB granules
  std::array<std::uint8_t, kTableBytes> bytes;
  for (const Symbol& symbol : facts.evidence.symbols->symbols()) {
    if (!could_be_table(symbol) || !facts.evidence.at_rest->read(symbol.address, bytes)) continue;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t descriptor = 0;
      for (std::size_t i = 0; i < sizeof descriptor; ++i) descriptor |= std::uint64_t{bytes[at + i]} << (8 * i);
      if ((descriptor & kValidTable) == kValidTable && (descriptor & kAddress) == table) return true;
    }
  }
  return false;
}

// Objects of the image that could be tables of the level below, with which the walk would come to an address that
// memory answers at, and that nothing points to.
std::vector<Candidate> find_candidates(const Facts& facts, const aarch64::WalkStep& missing) {
  std::vector<Candidate> candidates;
  for (const Symbol& symbol : facts.evidence.symbols->symbols()) {
    const bool in_walk = std::ranges::any_of(
        facts.walk->steps, [&](const aarch64::WalkStep& step) { return step.address - symbol.address < symbol.size; });
    if (!could_be_table(symbol) || in_walk) continue;
    PatchedMemory patched(*facts.evidence.at_rest, missing.address, symbol.address | kValidTable);
    const auto walk = aarch64::walk(*facts.registers, facts.regime, *facts.far, facts.access, patched);
    std::array<std::uint8_t, 4> bytes;
    const bool one_more_level = walk.steps.size() > facts.walk->steps.size();
    if (walk.address && one_more_level && facts.evidence.at_rest->read(*walk.address, bytes) &&
        !is_linked(facts, symbol.address)) {
      candidates.push_back({&symbol, *walk.address});
    }
  }
  return candidates;
}

}  // namespace

std::optional<RootCause> table_not_linked(const Facts& facts) {
  const bool translation_fault = facts.walk && facts.walk->fault && !facts.walk->steps.empty() &&
                                 facts.walk->fault->status.kind == aarch64::FaultKind::kTranslation;
  if (!translation_fault || facts.evidence.symbols == nullptr) return std::nullopt;
  const aarch64::WalkStep& missing = facts.walk->steps.back();
  if ((missing.descriptor & 1) != 0) return std::nullopt;
  const std::vector<Candidate> candidates = find_candidates(facts, missing);
  if (candidates.size() != 1) return std::nullopt;
  const auto& [table, address] = candidates.front();
  return RootCause{
      "table-not-linked",
      fmt::format("the level {} table has no entry for {:#x}; {} is filled and would lead to {:#x}, but nothing points "
                  "to it",
                  missing.level, *facts.far, table->name, address),
      fmt::format("the descriptor at {} must hold {:#x} ({} | 3)", with_symbol(facts, missing.address),
                  table->address | kValidTable, table->name)};
}

}  // namespace bootrig
