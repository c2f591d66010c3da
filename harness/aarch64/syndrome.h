// The syndrome of an exception: ESR_ELx and what it says of FAR and HPFAR (DDI 0487, ESR_ELx; Arm v9.4). Pure decoding:
// any 64 bits decode, unknown values stay visible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aarch64/field.h"

namespace bootrig::aarch64 {

enum class FaultKind {
  kAddressSize,
  kTranslation,
  kAccessFlag,
  kPermission,
  kExternal,
  kExternalOnWalk,
  kParity,
  kParityOnWalk,
  kTagCheck,
  kAlignment,
  kGranuleProtection,
  kGranuleProtectionOnWalk,
  kTlbConflict,
  kUnsupportedAtomicUpdate,
  kOther,
};

// A fault status code, DFSC or IFSC (DDI 0487, ESR_ELx, ISS encoding for Data and Instruction Aborts).
struct FaultStatus {
  FaultKind kind = FaultKind::kOther;
  std::optional<int> level;  // -2..3, for kinds that have one
  std::string text;          // "translation fault, level 0"
};
FaultStatus fault_status(unsigned code);                        // 6 bits
std::optional<unsigned> fault_code(FaultKind kind, int level);  // the way back: the code the hardware must report

struct Syndrome {
  std::uint64_t esr = 0;
  unsigned ec = 0;           // ESR_ELx.EC
  std::string exception;     // "Instruction Abort taken without a change in Exception level"
  bool abort = false;        // an Instruction or Data Abort: `status` holds
  bool instruction = false;  // of those: Instruction Abort
  bool same_level = false;   // taken without a change in Exception level
  std::optional<FaultStatus> status;
  bool write = false;        // Data Abort: WnR
  bool stage1_walk = false;  // S1PTW: stage 2 fault on a stage 1 walk
  bool far_valid = false;    // FAR_ELx holds the faulting address
  bool hpfar_valid = false;  // HPFAR_EL2 holds the faulting IPA (when taken to EL2)
  Field root;                // ESR_ELx as a tree
};
Syndrome decode_esr(std::uint64_t esr);

// One line: "Instruction Abort, same EL: translation fault, level 0".
std::string summary(const Syndrome& syndrome);

}  // namespace bootrig::aarch64
