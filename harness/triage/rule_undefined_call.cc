#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {
namespace {

// DDI 0487, SMC and HVC: 1101 0100 000 imm16 000 1x, LL = 11 and 10.
constexpr std::uint32_t kCallMask = 0xffe0001f;
constexpr std::uint32_t kSmc = 0xd4000003;
constexpr std::uint32_t kHvc = 0xd4000002;
constexpr unsigned kUnknownReason = 0;  // ESR_ELx.EC

}  // namespace

std::optional<RootCause> undefined_call(const Facts& facts) {
  if (!facts.instruction || !facts.syndrome || facts.syndrome->ec != kUnknownReason) return std::nullopt;
  const std::uint32_t call = *facts.instruction & kCallMask;
  if (call != kSmc && call != kHvc) return std::nullopt;
  const bool smc = call == kSmc;
  return RootCause{
      "conduit-mismatch",
      fmt::format("the instruction at {} is {} #{}, which is undefined at EL{} of this machine: {}",
                  code_symbol(facts, *facts.elr), smc ? "smc" : "hvc", (*facts.instruction >> 5) & 0xffff,
                  facts.taken_from, smc ? "it has no EL3, and no EL2 that takes the call" : "it has no EL2"),
      fmt::format("call by {}, as the device tree's psci node (method) says for this target", smc ? "hvc" : "smc")};
}

}  // namespace bootrig
