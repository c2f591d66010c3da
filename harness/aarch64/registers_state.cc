// SPSR_ELx and MPIDR_EL1.
#include "aarch64/registers.h"

namespace bootrig::aarch64 {
namespace {

// Who masks what, in words: a loop without interrupts is often seen here first.
constexpr Describe kMaskD = words<"", "debug exceptions are masked">;
constexpr Describe kMaskA = words<"", "SError is masked">;
constexpr Describe kMaskI = words<"", "IRQ is masked">;
constexpr Describe kMaskF = words<"", "FIQ is masked">;

std::string_view mode64(std::uint64_t mode) {
  switch (mode) {
    case 0b0000:
      return "EL0t";
    case 0b0100:
      return "EL1t";
    case 0b0101:
      return "EL1h";
    case 0b1000:
      return "EL2t";
    case 0b1001:
      return "EL2h";
    case 0b1100:
      return "EL3t";
    case 0b1101:
      return "EL3h";
    default:
      return "reserved value";
  }
}

std::string_view mode32(std::uint64_t mode) {
  switch (mode) {
    case 0b0000:
      return "User";
    case 0b0001:
      return "FIQ";
    case 0b0010:
      return "IRQ";
    case 0b0011:
      return "Supervisor";
    case 0b0110:
      return "Monitor";
    case 0b0111:
      return "Abort";
    case 0b1010:
      return "Hyp";
    case 0b1011:
      return "Undefined";
    case 0b1111:
      return "System";
    default:
      return "reserved value";
  }
}

constexpr FieldSpec kSpsr64[] = {
    {"RES0", 63, 37},
    {"UINJ", 36, 36},
    {"PACM", 35, 35},
    {"EXLOCK", 34, 34},
    {"PPEND", 33, 33},
    {"PM", 32, 32},
    {"N", 31, 31},
    {"Z", 30, 30},
    {"C", 29, 29},
    {"V", 28, 28},
    {"RES0", 27, 26},
    {"TCO", 25, 25},
    {"DIT", 24, 24},
    {"UAO", 23, 23},
    {"PAN", 22, 22},
    {"SS", 21, 21},
    {"IL", 20, 20, set<"Illegal Execution state">},
    {"RES0", 19, 14},
    {"ALLINT", 13, 13},
    {"SSBS", 12, 12},
    {"BTYPE", 11, 10},
    {"D", 9, 9, kMaskD},
    {"A", 8, 8, kMaskA},
    {"I", 7, 7, kMaskI},
    {"F", 6, 6, kMaskF},
    {"RES0", 5, 5},
    {"M[4]", 4, 4, words<"AArch64", "AArch32">},
    {"M[3:0]", 3, 0, mode64},
};

constexpr FieldSpec kSpsr32[] = {
    {"RES0", 63, 34},
    {"PPEND", 33, 33},
    {"RES0", 32, 32},
    {"N", 31, 31},
    {"Z", 30, 30},
    {"C", 29, 29},
    {"V", 28, 28},
    {"Q", 27, 27},
    {"IT[1:0]", 26, 25},
    {"DIT", 24, 24},
    {"SSBS", 23, 23},
    {"PAN", 22, 22},
    {"SS", 21, 21},
    {"IL", 20, 20, set<"Illegal Execution state">},
    {"GE", 19, 16},
    {"IT[7:2]", 15, 10},
    {"E", 9, 9, words<"little-endian", "big-endian">},
    {"A", 8, 8, kMaskA},
    {"I", 7, 7, kMaskI},
    {"F", 6, 6, kMaskF},
    {"T", 5, 5, words<"A32", "T32">},
    {"M[4]", 4, 4, words<"AArch64", "AArch32">},
    {"M[3:0]", 3, 0, mode32},
};

constexpr FieldSpec kMpidr[] = {
    {"RES0", 63, 40}, {"Aff3", 39, 32},
    {"RES1", 31, 31}, {"U", 30, 30, words<"part of a multiprocessor system", "a uniprocessor system">},
    {"RES0", 29, 25}, {"MT", 24, 24, words<"", "Aff0 numbers threads that share a core">},
    {"Aff2", 23, 16}, {"Aff1", 15, 8},
    {"Aff0", 7, 0},
};
static_assert(tiles(kSpsr64, 63, 0) && tiles(kSpsr32, 63, 0) && tiles(kMpidr, 63, 0));

}  // namespace

Field decode_spsr(std::uint64_t value) {
  return decode_register("SPSR_ELx", bits(value, 4, 4) != 0 ? Layout(kSpsr32) : Layout(kSpsr64), value);
}

Field decode_mpidr(std::uint64_t value) {
  return decode_register("MPIDR_EL1", kMpidr, value);
}

}  // namespace bootrig::aarch64
