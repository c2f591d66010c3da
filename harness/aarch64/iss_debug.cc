// Debug exceptions: breakpoint, software step, watchpoint, vector catch, and the instructions BKPT and BRK.
#include "aarch64/iss.h"
#include "aarch64/syndrome.h"

namespace bootrig::aarch64 {
namespace {

// The code of a debug event is that of a granule protection fault in an abort.
std::string_view debug_status(std::uint64_t code) {
  return code == 0x22 ? "debug exception" : fault_text(code);
}

constexpr FieldSpec kBreakpoint[] = {{"RES0", 24, 6}, {"IFSC", 5, 0, debug_status}};
constexpr FieldSpec kStep[] = {
    {"ISV", 24, 24, words<"EX is not valid", "EX is valid">},
    {"RES0", 23, 7},
    {"EX", 6, 6, words<"not a load-exclusive", "a load-exclusive was stepped">},
    {"IFSC", 5, 0, debug_status},
};
constexpr FieldSpec kWatchpoint[] = {
    {"RES0", 24, 24},
    {"WPT", 23, 18},
    {"WPTV", 17, 17, words<"WPT is not valid", "WPT is the number of the watchpoint">},
    {"WPF", 16, 16, set<"the watchpoint may be a false positive">},
    {"FnP", 15, 15, set<"FAR is not precise">},
    {"RES0", 14, 14},
    {"VNCR", 13, 13, set<"access by way of VNCR_EL2">},
    {"RES0", 12, 11},
    {"FnV", 10, 10, words<"FAR is valid", "FAR is not valid">},
    {"RES0", 9, 9},
    {"CM", 8, 8, set<"cache maintenance instruction">},
    {"RES0", 7, 7},
    {"WnR", 6, 6, words<"read", "write">},
    {"DFSC", 5, 0, debug_status},
};
static_assert(tiles(kBreakpoint, 24, 0) && tiles(kStep, 24, 0) && tiles(kWatchpoint, 24, 0));

// Clang's numbers of the checks of -fsanitize=undefined -fsanitize-trap.
constexpr Describe kUbsan =
    words<"UBSAN: add overflow", "UBSAN: unreachable code", "UBSAN: control flow integrity check failed",
          "UBSAN: division or remainder overflow", "UBSAN: dynamic type cache miss", "UBSAN: float cast overflow",
          "UBSAN: function type mismatch", "UBSAN: implicit conversion", "UBSAN: invalid builtin",
          "UBSAN: invalid Objective-C cast", "UBSAN: load of an invalid value", "UBSAN: missing return",
          "UBSAN: multiply overflow", "UBSAN: negate overflow", "UBSAN: nullability of an argument",
          "UBSAN: nullability of a return value", "UBSAN: null for a nonnull argument",
          "UBSAN: null for a nonnull return value", "UBSAN: out of bounds", "UBSAN: pointer overflow",
          "UBSAN: shift out of bounds", "UBSAN: subtract overflow", "UBSAN: type mismatch, null or misaligned pointer",
          "UBSAN: alignment assumption", "UBSAN: bound of a variable-length array is not positive">;

// Who uses a number is a convention of compilers and kernels, not of the architecture.
std::string_view comment_meaning(std::uint64_t comment) {
  if ((comment & 0xff00) == 0x5500) {
    const std::string_view check = kUbsan(comment & 0xff);
    return check.starts_with("UBSAN") ? check : "UBSAN: a check that is not known";
  }
  if (comment >= 0x8000 && comment <= 0x83ff) return "Clang: control flow integrity check failed (Linux)";
  if (comment >= 0x900 && comment <= 0x9ff) return "KASAN report (Linux)";
  switch (comment) {
    case 0x1:
      return "Clang: __builtin_trap";
    case 0x3e8:
      return "GCC: __builtin_trap";
    case 0x4:
      return "kprobe (Linux)";
    case 0x5:
      return "uprobe (Linux)";
    case 0x100:
      return "fault-injecting BRK (Linux)";
    case 0x400:
    case 0x401:
      return "KGDB (Linux)";
    case 0x800:
      return "BUG or WARN (Linux kernel)";
    case 0xf000:
      return "debugger breakpoint (Windows, Apple, EDK2)";
    default:
      return {};
  }
}

constexpr FieldSpec kComment[] = {{"RES0", 24, 16}, {"Comment", 15, 0, comment_meaning}};
static_assert(tiles(kComment, 24, 0));

}  // namespace

Layout breakpoint_iss(std::uint64_t) {
  return kBreakpoint;
}

Layout software_step_iss(std::uint64_t) {
  return kStep;
}

Layout watchpoint_iss(std::uint64_t) {
  return kWatchpoint;
}

Layout breakpoint_instruction_iss(std::uint64_t) {
  return kComment;
}

}  // namespace bootrig::aarch64
