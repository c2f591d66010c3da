// Trapped instructions of the system: WFI and WFE, MSR and MRS, and the coprocessor accesses of AArch32.
#include "aarch64/iss.h"
#include "aarch64/iss_words.h"

namespace bootrig::aarch64 {
namespace {

constexpr Describe kDirection = words<"write", "read">;

constexpr FieldSpec kWfi[] = {
    {"CV", 24, 24, kCondValid},
    {"COND", 23, 20, kCond},
    {"RES0", 19, 10},
    {"RN", 9, 5, register_name},
    {"RES0", 4, 3},
    {"RV", 2, 2, words<"RN is not valid", "RN is valid">},
    {"TI", 1, 0, words<"WFI", "WFE", "WFIT", "WFET">},
};
constexpr FieldSpec kMcr[] = {
    {"CV", 24, 24, kCondValid},
    {"COND", 23, 20, kCond},
    {"Opc2", 19, 17},
    {"Opc1", 16, 14},
    {"CRn", 13, 10},
    {"Rt", 9, 5, register_name},
    {"CRm", 4, 1},
    {"Direction", 0, 0, kDirection},
};
constexpr FieldSpec kMcrr[] = {
    {"CV", 24, 24, kCondValid},     {"COND", 23, 20, kCond},     {"Opc1", 19, 16}, {"RES0", 15, 15},
    {"Rt2", 14, 10, register_name}, {"Rt", 9, 5, register_name}, {"CRm", 4, 1},    {"Direction", 0, 0, kDirection},
};
constexpr FieldSpec kLdc[] = {
    {"CV", 24, 24, kCondValid},
    {"COND", 23, 20, kCond},
    {"imm8", 19, 12},
    {"RES0", 11, 10},
    {"Rn", 9, 5, register_name},
    {"Offset", 4, 4, words<"subtracted", "added">},
    {"AM", 3, 1,
     words<"immediate, unindexed", "immediate, post-indexed", "immediate, offset", "immediate, pre-indexed",
           "literal, unindexed", "reserved value", "literal, offset", "reserved value">},
    {"Direction", 0, 0, kDirection},
};
constexpr FieldSpec kMsr[] = {
    {"RES0", 24, 22}, {"Op0", 21, 20},
    {"Op2", 19, 17},  {"Op1", 16, 14},
    {"CRn", 13, 10},  {"Rt", 9, 5, register_name},
    {"CRm", 4, 1},    {"Direction", 0, 0, kDirection},
};
// The registers of a pair: Rt is their number divided by two.
constexpr Describe kPair =
    words<"x0, x1", "x2, x3", "x4, x5", "x6, x7", "x8, x9", "x10, x11", "x12, x13", "x14, x15", "x16, x17", "x18, x19",
          "x20, x21", "x22, x23", "x24, x25", "x26, x27", "x28, x29", "x30, xzr">;
constexpr FieldSpec kMsrr[] = {
    {"RES0", 24, 22}, {"Op0", 21, 20}, {"Op2", 19, 17},
    {"Op1", 16, 14},  {"CRn", 13, 10}, {"Rt", 9, 6, kPair},
    {"RES0", 5, 5},   {"CRm", 4, 1},   {"Direction", 0, 0, kDirection},
};
static_assert(tiles(kWfi, 24, 0) && tiles(kMcr, 24, 0) && tiles(kMcrr, 24, 0) && tiles(kLdc, 24, 0));
static_assert(tiles(kMsr, 24, 0) && tiles(kMsrr, 24, 0));

}  // namespace

Layout wfi_iss(std::uint64_t) {
  return kWfi;
}

Layout mcr_iss(std::uint64_t) {
  return kMcr;
}

Layout mcrr_iss(std::uint64_t) {
  return kMcrr;
}

Layout ldc_iss(std::uint64_t) {
  return kLdc;
}

Layout msr_iss(std::uint64_t) {
  return kMsr;
}

Layout msrr_iss(std::uint64_t) {
  return kMsrr;
}

}  // namespace bootrig::aarch64
