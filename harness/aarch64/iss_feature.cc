// Extensions whose use was trapped or failed: floating point, SVE, SME, LS64, BTI, PAC, TME, MOPS, GCS.
#include "aarch64/iss.h"
#include "aarch64/iss_words.h"

namespace bootrig::aarch64 {
namespace {

// TA and coproc are reported for AArch32 traps to EL2 alone.
constexpr FieldSpec kSimd[] = {
    {"CV", 24, 24, kCondValid},
    {"COND", 23, 20, kCond},
    {"RES0", 19, 6},
    {"TA", 5, 5, set<"Advanced SIMD instruction">},
    {"RES0", 4, 4},
    {"coproc", 3, 0},
};
constexpr FieldSpec kLs64[] = {
    {"ISS", 24, 0, words<"ST64BV", "ST64BV0", "LD64B or ST64B", "TSB CSYNC", "PSB CSYNC">},
};
constexpr FieldSpec kBti[] = {{"RES0", 24, 2}, {"BTYPE", 1, 0}};
constexpr FieldSpec kEret[] = {
    {"RES0", 24, 2},
    {"ERET", 1, 1, words<"ERET", "ERETAA or ERETAB">},
    {"ERETA", 0, 0, words<"key A, if any", "key B">},
};
constexpr FieldSpec kTstart[] = {{"RES0", 24, 10}, {"Rd", 9, 5, register_name}, {"RES0", 4, 0}};
// The manual describes the two bits and does not name them.
constexpr FieldSpec kPacFail[] = {
    {"RES0", 24, 2},
    {"IorD", 1, 1, words<"instruction key", "data key">},
    {"AorB", 0, 0, words<"key A", "key B">},
};
constexpr FieldSpec kSme[] = {
    {"RES0", 24, 3},
    {"SMTC", 2, 0,
     words<"access to SME is disabled", "illegal instruction in Streaming SVE mode",
           "SME instruction while Streaming SVE mode is off", "access to ZA while it is off",
           "access to ZT0 is disabled">},
};
constexpr FieldSpec kFloatingPoint[] = {
    {"RES0", 24, 24},
    {"TFV", 23, 23, words<"the flags below are not valid", "the flags below tell what happened">},
    {"RES0", 22, 11},
    {"VECITR", 10, 8},
    {"IDF", 7, 7, set<"input denormal">},
    {"RES0", 6, 5},
    {"IXF", 4, 4, set<"inexact">},
    {"UFF", 3, 3, set<"underflow">},
    {"OFF", 2, 2, set<"overflow">},
    {"DZF", 1, 1, set<"divide by zero">},
    {"IOF", 0, 0, set<"invalid operation">},
};
constexpr FieldSpec kImplementation[] = {{"IMPLEMENTATION DEFINED", 24, 0}};
static_assert(tiles(kSimd, 24, 0) && tiles(kLs64, 24, 0) && tiles(kBti, 24, 0) && tiles(kEret, 24, 0));
static_assert(tiles(kTstart, 24, 0) && tiles(kPacFail, 24, 0) && tiles(kSme, 24, 0));
static_assert(tiles(kFloatingPoint, 24, 0) && tiles(kImplementation, 24, 0));

constexpr auto mops(std::string_view source) {
  return std::to_array<FieldSpec>({
      {"MemInst", 24, 24, words<"CPY*", "SET*">},
      {"isSETG", 23, 23, set<"sets allocation tags, too (SETG*)">},
      {"Options", 22, 19},
      {"FromEpilogue", 18, 18, words<"from a main instruction", "from an epilogue instruction">},
      {"WrongOption", 17, 17, set<"OptionA differs from what this CPU uses">},
      {"OptionA", 16, 16, words<"option B", "option A">},
      {"RES0", 15, 15},
      {"destreg", 14, 10, register_name},
      {source, 9, 5, register_name},
      {"sizereg", 4, 0, register_name},
  });
}
constexpr auto kCopy = mops("srcreg");
constexpr auto kSetMemory = mops("datareg");
static_assert(tiles(kCopy, 24, 0) && tiles(kSetMemory, 24, 0));

constexpr Describe kGcsType = words<"data check", "EXLOCK", "trapped GCSSTR or GCSSTTR">;
// Arm's pseudocode (v9.4) and the Linux kernel's headers disagree about GCSPOPCX and GCSPOPX.
constexpr Describe kGcsInstruction = words<"RET", "GCSPOPM", "RETAA", "RETAB", "GCSSS1", "GCSSS2",
                                           "GCSPOPCX as the Linux kernel has it; Arm's pseudocode has 8 for it",
                                           "GCSPOPX as the Linux kernel has it; Arm's pseudocode has 9 for it",
                                           "GCSPOPCX as Arm's pseudocode has it; the Linux kernel has 6 for it",
                                           "GCSPOPX as Arm's pseudocode has it; the Linux kernel has 7 for it">;
constexpr FieldSpec kGcsCheck[] = {
    {"RES0", 24, 24},
    {"ExType", 23, 20, kGcsType},
    {"RES0", 19, 10},
    {"Rn", 9, 5, register_name},
    {"IT", 4, 0, kGcsInstruction},
};
constexpr FieldSpec kGcsLock[] = {{"RES0", 24, 24}, {"ExType", 23, 20, kGcsType}, {"RES0", 19, 0}};
constexpr FieldSpec kGcsStore[] = {
    {"RES0", 24, 24},
    {"ExType", 23, 20, kGcsType},
    {"RES0", 19, 15},
    {"Raddr", 14, 10, register_name},
    {"Rvalue", 9, 5, register_name},
    {"RES0", 4, 0},
};
constexpr FieldSpec kGcsUnknown[] = {{"RES0", 24, 24}, {"ExType", 23, 20, kGcsType}, {"UNKNOWN", 19, 0}};
static_assert(tiles(kGcsCheck, 24, 0) && tiles(kGcsLock, 24, 0));
static_assert(tiles(kGcsStore, 24, 0) && tiles(kGcsUnknown, 24, 0));

}  // namespace

Layout simd_iss(std::uint64_t) {
  return kSimd;
}

Layout ls64_iss(std::uint64_t) {
  return kLs64;
}

Layout bti_iss(std::uint64_t) {
  return kBti;
}

Layout eret_iss(std::uint64_t) {
  return kEret;
}

Layout tstart_iss(std::uint64_t) {
  return kTstart;
}

Layout pac_fail_iss(std::uint64_t) {
  return kPacFail;
}

Layout sme_iss(std::uint64_t) {
  return kSme;
}

Layout floating_point_iss(std::uint64_t) {
  return kFloatingPoint;
}

Layout implementation_defined_iss(std::uint64_t) {
  return kImplementation;
}

Layout mops_iss(std::uint64_t iss) {
  return bits(iss, 24, 24) != 0 ? kSetMemory : kCopy;
}

Layout gcs_iss(std::uint64_t iss) {
  switch (bits(iss, 23, 20)) {
    case 0:
      return kGcsCheck;
    case 1:
      return kGcsLock;
    case 2:
      return kGcsStore;
    default:
      return kGcsUnknown;
  }
}

}  // namespace bootrig::aarch64
