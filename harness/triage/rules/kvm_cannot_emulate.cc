#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "inspect/code_step.h"
#include "inspect/disassembly.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

class NoMemory final : public CodeMemory {
 public:
  std::optional<std::uint64_t> constant(std::uint64_t, unsigned) const override { return std::nullopt; }
  std::optional<std::uint64_t> literal(std::uint64_t, unsigned) const override { return std::nullopt; }
};

// An access of which the trap's syndrome tells neither register nor size.
bool is_undescribed(std::uint32_t instruction, std::uint64_t address) {
  CodeState state;
  const auto effect = step(instruction, address, NoMemory(), state);
  return effect.access && effect.access->undescribed;
}

std::string text_of(std::uint32_t instruction, std::uint64_t address) {
  std::array<std::uint8_t, 4> bytes{};
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(instruction >> (8 * i));
  return disassemble(address, bytes).front().text;
}

}  // namespace

// The device is there and would have answered another instruction: the host gave the access back as an external abort.
std::optional<RootCause> kvm_cannot_emulate(const Facts& facts) {
  if (facts.evidence.machine == nullptr || facts.evidence.machine->accelerator != Accelerator::kKvm)
    return std::nullopt;
  const bool external = facts.syndrome && !facts.syndrome->instruction && facts.syndrome->status &&
                        facts.syndrome->status->kind == aarch64::FaultKind::kExternal && facts.walk &&
                        facts.walk->address && facts.instruction && facts.elr;
  if (!external || !is_undescribed(*facts.instruction, *facts.elr)) return std::nullopt;
  const MemoryRegion* region = find_region(facts.map, *facts.walk->address);
  if (region == nullptr || region->memory) return std::nullopt;
  return RootCause{
      "kvm-cannot-emulate",
      fmt::format(
          "the instruction at {}, {}, accesses {} at physical {:#x}; KVM emulates that device and is not told by "
          "the trap which register and how many bytes such an instruction moves",
          code_symbol(facts, *facts.elr), text_of(*facts.instruction, *facts.elr), printable(region->name),
          *facts.walk->address),
      "access devices by ldr and str of one register without write-back; in C by inline assembly, as a compiler may "
      "choose others for a volatile pointer"};
}

}  // namespace bootrig
