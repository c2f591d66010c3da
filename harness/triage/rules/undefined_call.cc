#include <fmt/format.h>

#include "image/device_tree.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

// DDI 0487, SMC and HVC: 1101 0100 000 imm16 000 1x, LL = 11 and 10.
constexpr std::uint32_t kCallMask = 0xffe0001f;
constexpr std::uint32_t kSmc = 0xd4000003;
constexpr std::uint32_t kHvc = 0xd4000002;
// ESR_ELx.EC
constexpr unsigned kHvcExecuted = 0x16;

// How the machine takes PSCI calls by its own device tree: "hvc", "smc", "" for not at all. None: it does not tell.
std::optional<std::string> psci_method(const Facts& facts) {
  if (facts.evidence.at_rest == nullptr) return std::nullopt;
  const auto bytes = facts.evidence.at_rest->device_tree();
  if (!bytes) return std::nullopt;
  const auto tree = parse_device_tree("the machine's device tree",
                                      {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
  if (!tree) return std::nullopt;
  return tree->psci_method;
}

std::string what_to_change(const std::optional<std::string>& method, const std::string& used) {
  if (!method) {
    return fmt::format("call by {}, as the device tree's psci node (method) says for this target",
                       used == "smc" ? "hvc" : "smc");
  }
  if (method->empty()) return "do without PSCI, as this machine's device tree has none, or boot with firmware";
  if (*method == used) return fmt::format("boot it on a target that takes {} at this level", used);
  return fmt::format("call by {}, as the psci node (method) of this machine's device tree says", *method);
}

RootCause conduit_mismatch(const Facts& facts, const std::string& used, std::string what) {
  const auto method = psci_method(facts);
  if (method && !method->empty() && *method != used) what += fmt::format("; this machine's PSCI is by {}", *method);
  return RootCause{"conduit-mismatch", what, what_to_change(method, used)};
}

// At EL2 hvc is defined: it comes back to EL2 itself, with the instruction behind it as the return address.
std::optional<RootCause> hvc_at_el2(const Facts& facts) {
  const bool own = facts.record && facts.syndrome->ec == kHvcExecuted && facts.taken_to == 2 && facts.taken_from == 2;
  if (!own || !facts.elr || psci_method(facts) != "smc") return std::nullopt;
  return conduit_mismatch(facts, "hvc",
                          fmt::format("the instruction before {} is hvc, which at EL2 is an exception of its own",
                                      code_symbol(facts, *facts.elr)));
}

}  // namespace

std::optional<RootCause> undefined_call(const Facts& facts) {
  if (!facts.syndrome) return std::nullopt;
  if (facts.syndrome->ec != kUnknownReason) return hvc_at_el2(facts);
  const std::uint32_t call = facts.instruction.value_or(0) & kCallMask;
  if (call != kSmc && call != kHvc) return std::nullopt;
  if (facts.taken_from == 0) return std::nullopt;  // at EL0 no machine has them
  const bool smc = call == kSmc;
  return conduit_mismatch(
      facts, smc ? "smc" : "hvc",
      fmt::format("the instruction at {} is {} #{}, which is undefined at EL{} of this machine: {}",
                  code_symbol(facts, *facts.elr), smc ? "smc" : "hvc", (*facts.instruction >> 5) & 0xffff,
                  facts.taken_from, smc ? "it has no EL3, and no EL2 that takes the call" : "it has no EL2"));
}

}  // namespace bootrig
