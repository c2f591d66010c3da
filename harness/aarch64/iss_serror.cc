// SError exceptions (EC 0x2f).
#include "aarch64/iss.h"

namespace bootrig::aarch64 {
namespace {

constexpr unsigned kAsynchronousError = 0x11;

std::string_view status(std::uint64_t code) {
  if (code == 0) return "uncategorized error";
  return code == kAsynchronousError ? "asynchronous SError exception" : "reserved value";
}

constexpr Describe kFormat = words<"as the architecture defines", "implementation defined">;

constexpr FieldSpec kImplementationFormat[] = {{"IDS", 24, 24, kFormat}, {"IMPLEMENTATION DEFINED", 23, 0}};
constexpr FieldSpec kUncategorized[] = {{"IDS", 24, 24, kFormat}, {"RES0", 23, 6}, {"DFSC", 5, 0, status}};
constexpr FieldSpec kCategorized[] = {
    {"IDS", 24, 24, kFormat},
    {"RES0", 23, 14},
    {"IESB", 13, 13, set<"synchronized by an implicit error synchronization barrier">},
    {"AET", 12, 10,
     words<"uncontainable (UC)", "unrecoverable state (UEU)", "restartable state (UEO)", "recoverable state (UER)",
           "reserved value", "reserved value", "corrected (CE)", "reserved value">},
    {"EA", 9, 9, set<"external abort type, implementation defined">},
    {"RES0", 8, 6},
    {"DFSC", 5, 0, status},
};
static_assert(tiles(kImplementationFormat, 24, 0) && tiles(kUncategorized, 24, 0) && tiles(kCategorized, 24, 0));

}  // namespace

Layout serror_iss(std::uint64_t iss) {
  if (bits(iss, 24, 24) != 0) return kImplementationFormat;
  return bits(iss, 5, 0) == kAsynchronousError ? Layout(kCategorized) : Layout(kUncategorized);
}

}  // namespace bootrig::aarch64
