#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/rules.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kValidTable = 3;   // DDI 0487, table descriptor: bits [1:0] = 0b11
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

// Objects of the image that could be tables of the level below, with which the walk would come to an address that
// memory answers at, and that are not in the walk already.
std::vector<Candidate> find_candidates(const Facts& facts, const aarch64::WalkStep& missing) {
  std::vector<Candidate> candidates;
  for (const Symbol& symbol : facts.evidence.symbols->symbols()) {
    const bool could_be = !symbol.function && symbol.size >= kTableBytes && symbol.address % kTableBytes == 0;
    const bool in_walk = std::ranges::any_of(facts.walk->steps, [&](const aarch64::WalkStep& step) {
      return step.address - symbol.address < symbol.size;
    });
    if (!could_be || in_walk) continue;
    PatchedMemory patched(*facts.evidence.at_rest, missing.address, symbol.address | kValidTable);
    const auto walk = aarch64::walk(*facts.registers, facts.regime, *facts.far, facts.access, patched);
    std::array<std::uint8_t, 4> bytes;
    const bool one_more_level = walk.steps.size() > facts.walk->steps.size();
    if (walk.address && one_more_level && facts.evidence.at_rest->read(*walk.address, bytes)) {
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
