#include <fmt/format.h>

#include "triage/rules.h"
#include "triage/system_instruction.h"

namespace bootrig {

// An instruction is undefined below the lowest level that may execute it. User code that tries is another defect.
std::optional<RootCause> image_for_higher_level(const Facts& facts) {
  const bool undefined = facts.syndrome && facts.syndrome->ec == 0;  // ESR_ELx.EC, unknown reason
  if (!undefined || !facts.instruction || facts.taken_from == 0) return std::nullopt;
  const auto instruction = decode_system_instruction(*facts.instruction);
  if (!instruction || instruction->lowest_level() <= facts.taken_from) return std::nullopt;
  const unsigned level = instruction->lowest_level();
  return RootCause{
      level == 2 ? "hypervisor-image-below-el2" : "firmware-image-below-el3",
      fmt::format("the instruction at {} is {}, which is defined at EL{} and above: the image runs at EL{}",
                  code_symbol(facts, facts.elr.value_or(0)), instruction->text(), level, facts.taken_from),
      fmt::format("boot it on a target that enters it at EL{}, or build it without {}", level,
                  level == 2 ? "hypervisor support" : "EL3's work")};
}

}  // namespace bootrig
