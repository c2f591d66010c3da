#include <fmt/format.h>

#include "inspect/system_instruction.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {

// A kernel that lets user code use a register does not trap it; one that emulates it prints no dump.
std::optional<RootCause> register_trapped(const Facts& facts) {
  constexpr unsigned kTrappedRegister = 0x18;  // DDI 0487, ESR_ELx.EC: MSR, MRS or system instruction
  const bool trapped = facts.syndrome && facts.syndrome->ec == kTrappedRegister && facts.record && facts.elr;
  if (!trapped || facts.taken_from != 0) return std::nullopt;
  const auto code = instruction_at(facts, *facts.elr);
  const auto instruction = code ? decode_system_instruction(*code) : std::nullopt;
  return RootCause{"register-trapped",
                   fmt::format("{} at {} executes {}, which EL{} traps instead of allowing it", code_at_fault(facts),
                               code_of_exception(facts),
                               instruction ? instruction->text()
                                           : "a system instruction (" + aarch64::summary(*facts.syndrome) + ")",
                               facts.taken_to),
                   "let the kernel allow it to user code (for counters and timers: PMUSERENR_EL0, CNTKCTL_EL1; an seL4 "
                   "kernel has options for them), or do without it there"};
}

}  // namespace bootrig
