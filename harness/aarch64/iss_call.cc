// Calls to a higher level: SVC, HVC, SMC (EC 0x11 to 0x13, 0x15 to 0x17).
#include "aarch64/iss.h"
#include "aarch64/iss_words.h"

namespace bootrig::aarch64 {
namespace {

constexpr FieldSpec kCall[] = {{"RES0", 24, 16}, {"imm16", 15, 0}};
constexpr FieldSpec kSmc32[] = {
    {"CV", 24, 24, kCondValid},
    {"COND", 23, 20, kCond},
    {"CCKNOWNPASS", 19, 19, words<"unconditional, or it passed its condition", "it may have failed its condition">},
    {"RES0", 18, 0},
};
static_assert(tiles(kCall, 24, 0) && tiles(kSmc32, 24, 0));

}  // namespace

Layout call_iss(std::uint64_t) {
  return kCall;
}

Layout smc32_iss(std::uint64_t) {
  return kSmc32;
}

}  // namespace bootrig::aarch64
