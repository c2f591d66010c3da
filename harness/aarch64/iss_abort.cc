// Instruction Aborts, Data Aborts and granule protection checks (EC 0x20, 0x21, 0x24, 0x25, 0x1e).
#include "aarch64/iss.h"
#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {
namespace {

constexpr unsigned kExternalAbort = 0x10;
constexpr unsigned kUnsupportedAccess = 0x35;

constexpr Describe kTopLevel = set<"permission fault of the top-level table (FEAT_THE)">;
constexpr Describe kSet =
    words<"recoverable state (UER)", "reserved value", "uncontainable (UC)", "restartable state (UEO)">;
constexpr Describe kFnv = words<"FAR is valid", "FAR is not valid">;
constexpr Describe kEa = set<"external abort type, implementation defined">;
constexpr Describe kS1ptw = words<"not a stage 2 fault on a stage 1 walk", "stage 2 fault on a stage 1 walk">;
constexpr Describe kWnr = words<"read", "write">;
constexpr Describe kCm = words<"", "cache maintenance or address translation instruction">;
constexpr Describe kVncr = set<"access by way of VNCR_EL2">;
constexpr Describe kPfv = set<"PFAR_ELx is valid">;
constexpr Describe kFnp = set<"FAR is not precise: any address of the range that was accessed">;

constexpr FieldSpec kInstruction[] = {
    {"RES0", 24, 22},      {"TopLevel", 21, 21, kTopLevel},
    {"RES0", 20, 15},      {"PFV", 14, 14, kPfv},
    {"RES0", 13, 13},      {"RES0", 12, 11},
    {"FnV", 10, 10, kFnv}, {"EA", 9, 9, kEa},
    {"RES0", 8, 8},        {"S1PTW", 7, 7, kS1ptw},
    {"RES0", 6, 6},        {"IFSC", 5, 0, fault_text},
};
// SET has a meaning for a synchronous external abort alone.
constexpr FieldSpec kInstructionExternal[] = {
    {"RES0", 24, 22}, {"TopLevel", 21, 21, kTopLevel}, {"RES0", 20, 15},      {"PFV", 14, 14, kPfv},
    {"RES0", 13, 13}, {"SET", 12, 11, kSet},           {"FnV", 10, 10, kFnv}, {"EA", 9, 9, kEa},
    {"RES0", 8, 8},   {"S1PTW", 7, 7, kS1ptw},         {"RES0", 6, 6},        {"IFSC", 5, 0, fault_text},
};
static_assert(tiles(kInstruction, 24, 0) && tiles(kInstructionExternal, 24, 0));

// What a Data Abort has in bits 12..11: it depends on the fault status code.
enum class Middle { kReserved, kSet, kLst };
constexpr FieldSpec middle_field(Middle middle) {
  switch (middle) {
    case Middle::kSet:
      return {"SET", 12, 11, kSet};
    case Middle::kLst:
      return {"LST", 12, 11, words<"not stated", "ST64BV", "LD64B or ST64B", "ST64BV0">};
    case Middle::kReserved:
      break;
  }
  return {"RES0", 12, 11};
}

// With ISV the instruction is described in bits 23..14; QEMU reports that for aborts from the same level, too.
constexpr auto data_valid(Middle middle) {
  return std::to_array<FieldSpec>({
      {"ISV", 24, 24, words<"", "bits 23:14 describe the access">},
      {"SAS", 23, 22, words<"byte", "halfword", "word", "doubleword">},
      {"SSE", 21, 21, words<"not sign-extended", "sign-extended">},
      {"SRT", 20, 16, register_name},
      {"SF", 15, 15, words<"32-bit register", "64-bit register">},
      {"AR", 14, 14, words<"no acquire or release", "acquire or release">},
      {"VNCR", 13, 13, kVncr},
      middle_field(middle),
      {"FnV", 10, 10, kFnv},
      {"EA", 9, 9, kEa},
      {"CM", 8, 8, kCm},
      {"S1PTW", 7, 7, kS1ptw},
      {"WnR", 6, 6, kWnr},
      {"DFSC", 5, 0, fault_text},
  });
}

constexpr auto data_invalid(Middle middle) {
  return std::to_array<FieldSpec>({
      {"ISV", 24, 24, words<"bits 23:14 do not describe the access", "">},
      {"RES0", 23, 22},
      {"TopLevel", 21, 21, kTopLevel},
      {"RES0", 20, 16},
      {"FnP", 15, 15, kFnp},
      {"PFV", 14, 14, kPfv},
      {"VNCR", 13, 13, kVncr},
      middle_field(middle),
      {"FnV", 10, 10, kFnv},
      {"EA", 9, 9, kEa},
      {"CM", 8, 8, kCm},
      {"S1PTW", 7, 7, kS1ptw},
      {"WnR", 6, 6, kWnr},
      {"DFSC", 5, 0, fault_text},
  });
}

constexpr auto kValid = data_valid(Middle::kReserved);
constexpr auto kValidSet = data_valid(Middle::kSet);
constexpr auto kValidLst = data_valid(Middle::kLst);
constexpr auto kInvalid = data_invalid(Middle::kReserved);
constexpr auto kInvalidSet = data_invalid(Middle::kSet);
constexpr auto kInvalidLst = data_invalid(Middle::kLst);
static_assert(tiles(kValid, 24, 0) && tiles(kValidSet, 24, 0) && tiles(kValidLst, 24, 0));
static_assert(tiles(kInvalid, 24, 0) && tiles(kInvalidSet, 24, 0) && tiles(kInvalidLst, 24, 0));

constexpr Describe kDirty = set<"the dirty state could not be written">;
constexpr Describe kOverlay = set<"forbidden by the permission overlay">;
constexpr Describe kAssured = set<"forbidden by AssuredOnly">;

constexpr FieldSpec kInstruction2[] = {
    {"RES0", 23, 8}, {"AssuredOnly", 7, 7, kAssured}, {"Overlay", 6, 6, kOverlay}, {"DirtyBit", 5, 5, kDirty},
    {"RES0", 4, 0},
};
constexpr auto data2(FieldSpec lowest) {
  return std::to_array<FieldSpec>({
      {"RES0", 23, 11},
      {"TnD", 10, 10, set<"the location has no allocation tags (NoTagAccess)">},
      {"TagAccess", 9, 9, set<"access to allocation tags">},
      {"GCS", 8, 8, set<"access to a guarded control stack">},
      {"AssuredOnly", 7, 7, kAssured},
      {"Overlay", 6, 6, kOverlay},
      {"DirtyBit", 5, 5, kDirty},
      lowest,
  });
}
// Xs is the status register of a 64-byte store, together with LST.
constexpr auto kData2 = data2({"RES0", 4, 0});
constexpr auto kData2Lst = data2({"Xs", 4, 0, register_name});
static_assert(tiles(kInstruction2, 23, 0) && tiles(kData2, 23, 0) && tiles(kData2Lst, 23, 0));

std::string_view granule_status(std::uint64_t code) {
  switch (code) {
    case 0x00:
      return "address size fault, level 0 of the granule protection table";
    case 0x01:
      return "address size fault, level 1 of the granule protection table";
    case 0x04:
      return "walk fault, level 0 of the granule protection table";
    case 0x05:
      return "walk fault, level 1 of the granule protection table";
    case 0x0c:
      return "granule protection fault, level 0";
    case 0x0d:
      return "granule protection fault, level 1";
    case 0x14:
      return "external abort on the granule protection table, level 0";
    case 0x15:
      return "external abort on the granule protection table, level 1";
    default:
      return "reserved value";
  }
}

constexpr FieldSpec kGranule[] = {
    {"RES0", 24, 22},
    {"S2PTW", 21, 21, set<"on a stage 2 walk">},
    {"InD", 20, 20, words<"data access", "instruction fetch">},
    {"GPCSC", 19, 14, granule_status},
    {"VNCR", 13, 13, kVncr},
    {"RES0", 12, 9},
    {"CM", 8, 8, kCm},
    {"S1PTW", 7, 7, set<"on a stage 1 walk">},
    {"WnR", 6, 6, kWnr},
    {"xFSC", 5, 0, fault_text},
};
static_assert(tiles(kGranule, 24, 0));

}  // namespace

Layout instruction_abort_iss(std::uint64_t iss) {
  return bits(iss, 5, 0) == kExternalAbort ? Layout(kInstructionExternal) : Layout(kInstruction);
}

Layout data_abort_iss(std::uint64_t iss) {
  const bool valid = bits(iss, 24, 24) != 0;
  switch (bits(iss, 5, 0)) {
    case kExternalAbort:
      return valid ? kValidSet : kInvalidSet;
    case kUnsupportedAccess:
      return valid ? kValidLst : kInvalidLst;
    default:
      return valid ? kValid : kInvalid;
  }
}

Layout instruction_abort_iss2(std::uint64_t) {
  return kInstruction2;
}

Layout data_abort_iss2(std::uint64_t iss) {
  return bits(iss, 5, 0) == kUnsupportedAccess ? kData2Lst : kData2;
}

Layout granule_check_iss(std::uint64_t) {
  return kGranule;
}

}  // namespace bootrig::aarch64
