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
FaultStatus fault_status(unsigned code);          // 6 bits; higher ones are not looked at
std::string_view fault_text(std::uint64_t code);  // its text alone: a Describe (field.h) of DFSC and IFSC
// The way back: the code that the hardware must report. The level of a kind without levels is not looked at; none for
// kOther, which is many codes, and for a level that the kind has not.
std::optional<unsigned> fault_code(FaultKind kind, int level);

struct Syndrome {
  std::uint64_t esr = 0;
  unsigned ec = 0;             // ESR_ELx.EC
  std::string_view exception;  // "Instruction Abort taken without a change in Exception level"; static text
  bool abort = false;          // an Instruction or Data Abort: `status` holds
  bool instruction = false;    // of those: Instruction Abort
  bool same_level = false;     // taken without a change in Exception level
  std::optional<FaultStatus> status;
  bool write = false;        // Data Abort: WnR (a cache maintenance instruction reports 1, too)
  bool stage1_walk = false;  // S1PTW: stage 2 fault on a stage 1 walk
  bool far_valid = false;    // FAR_ELx holds the faulting address
  // HPFAR_EL2 holds the faulting IPA, if the exception was taken to EL2 for a stage 2 fault: ESR_ELx alone does not
  // tell that. Not for a stage 2 permission fault, unless it was on a stage 1 walk.
  bool hpfar_valid = false;
  Field root;  // ESR_ELx as a tree
};
Syndrome decode_esr(std::uint64_t esr);

// One line: "Instruction Abort, same EL: translation fault, level 0".
std::string summary(const Syndrome& syndrome);

}  // namespace bootrig::aarch64
