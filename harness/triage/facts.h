// Facts: what triage found out before any rule is asked. Made once, by gather(); rules only read it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aarch64/syndrome.h"
#include "aarch64/walk.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct Facts {
  Evidence evidence;
  std::optional<ExceptionRecord> record;      // the first dump on the console
  std::optional<CpuState> cpu;                // the CPU that took the exception
  std::optional<aarch64::Syndrome> syndrome;  // of that exception
  std::optional<std::uint64_t> far, elr;      // valid ones only
  unsigned taken_to = 1;                      // exception level
  unsigned taken_from = 1;
  // The walk of FAR, as the tables are now.
  std::optional<aarch64::TranslationRegisters> registers;
  aarch64::Regime regime = aarch64::Regime::kEl10;
  aarch64::Access access;
  std::optional<aarch64::WalkResult> walk;
  // The instruction at ELR, as memory holds it now.
  std::optional<std::uint32_t> instruction;
  std::vector<std::string> missing;
};

// None: no exception is known of.
std::optional<Facts> gather(const Evidence& evidence);

// "0x7000cff8 <boot_lvl0_upper+0xff8>", or the address alone.
std::string with_symbol(const Facts& facts, std::uint64_t address);
// Of code: the same, but an address of EL2's lower half is also looked up in the upper half, where it is linked.
std::string code_symbol(const Facts& facts, std::uint64_t address);

}  // namespace bootrig
