// What the tests of the walk share: accesses and registers by name.
#pragma once

#include <fmt/format.h>

#include <string>

#include "aarch64/walk.h"
#include "testing/fake_memory.h"

namespace bootrig::aarch64 {

inline constexpr Access kRead{Access::Kind::kRead, 1};
inline constexpr Access kWrite{Access::Kind::kWrite, 1};
inline constexpr Access kExecute{Access::Kind::kExecute, 1};
inline constexpr Access kUserRead{Access::Kind::kRead, 0};
inline constexpr Access kUserWrite{Access::Kind::kWrite, 0};
inline constexpr Access kUserExecute{Access::Kind::kExecute, 0};

// MAIR: 0 Device-nGnRnE, 1 Device-nGnRE, 2 Device-GRE, 3 Normal NC, 4 Normal WB: that of seL4's loaders.
inline constexpr std::uint64_t kMair = 0xff'440c'0400;
inline constexpr std::uint64_t kTcr48 = 0x12'8510'0510;  // both halves 48 bits, 4K; 40 bits of output
inline constexpr std::uint64_t kMmuOn = 1;

// EL1&0 with its lower half alone: `tcr` holds what differs from 40 bits of output.
inline TranslationRegisters lower(std::uint64_t tcr, std::uint64_t table = 0x8000'0000) {
  return {.sctlr = kMmuOn, .tcr = tcr | std::uint64_t{2} << 32, .ttbr0 = table, .mair = kMair};
}
inline TranslationRegisters upper(std::uint64_t tcr, std::uint64_t table = 0x8000'0000) {
  return {.sctlr = kMmuOn, .tcr = tcr | std::uint64_t{2} << 32, .ttbr1 = table, .mair = kMair};
}
inline constexpr std::uint64_t kTg0_64K = 1 << 14, kTg0_16K = 2 << 14;
inline constexpr std::uint64_t kTg1_16K = std::uint64_t{1} << 30, kTg1_4K = std::uint64_t{2} << 30;
inline constexpr std::uint64_t kTg1_64K = std::uint64_t{3} << 30;
inline constexpr std::uint64_t upper_size(std::uint64_t size) {
  return size << 16;
}
inline constexpr std::uint64_t kDs = std::uint64_t{1} << 59;
inline constexpr std::uint64_t kPs52 = std::uint64_t{6} << 32;
inline constexpr std::uint64_t kPage = 0x713, kBlock = 0x711;  // Normal WB, inner shareable, AF, RW

inline TranslationRegisters with_pa_bits(TranslationRegisters registers, unsigned pa_bits) {
  registers.pa_bits = pa_bits;
  return registers;
}

inline constexpr std::uint64_t kBig = std::uint64_t{1};
inline TranslationRegisters off(std::uint64_t sctlr = 0, std::uint64_t hcr = 0) {
  return {.sctlr = sctlr, .tcr = kTcr48, .mair = kMair, .hcr = hcr, .pa_bits = 40};
}

// What a walk came to, in a line: "0x40000000" or "0x86000004 L0[0x1ff] is invalid".
inline std::string ending(const WalkResult& result) {
  if (result.unreadable) return to_text(*result.unreadable);
  if (result.fault) return fmt::format("{:#010x} {}", result.fault->esr, result.fault->why);
  return result.address ? fmt::format("{:#x}", *result.address) : "nothing";
}

// "L0[0x1ff] 0x7000cff8 = 0x7000b003 table at 0x7000b000"
inline std::string step_text(const WalkStep& step) {
  return fmt::format("{}L{}[{:#x}] {:#x} = {:#x} {}", step.stage == 2 ? "S2 " : "", step.level, step.index,
                     step.address, step.descriptor, step.meaning);
}

inline std::vector<std::string> steps_text(const WalkResult& result) {
  std::vector<std::string> lines;
  for (const WalkStep& step : result.steps) lines.push_back(step_text(step));
  return lines;
}

}  // namespace bootrig::aarch64
