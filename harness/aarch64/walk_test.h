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
