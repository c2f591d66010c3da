// MSR, MRS and the instructions of their encoding space (TLBI, AT, cache maintenance), as far as rules ask (DDI 0487,
// C5.1: op0 to op2; op1 tells the lowest level that may execute them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bootrig {

struct SystemInstruction {
  bool read = false;  // MRS; else MSR, or SYS
  unsigned op0 = 0, op1 = 0, crn = 0, crm = 0, op2 = 0;

  unsigned lowest_level() const;   // at which it is defined: 0, 1, 2 or 3
  bool gic_cpu_interface() const;  // ICC_*, ICV_* or ICH_*: GICv3's (IHI 0069, 12.2 to 12.4)
  std::string text() const;        // "msr HCR_EL2", "mrs S3_4_C1_C0_7"
};

// None: another instruction, or one of MSR (immediate), hints and barriers.
std::optional<SystemInstruction> decode_system_instruction(std::uint32_t code);

}  // namespace bootrig
