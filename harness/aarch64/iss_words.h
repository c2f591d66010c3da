// Meanings that more than one layout of ESR_ELx.ISS has.
#pragma once

#include "aarch64/field.h"

namespace bootrig::aarch64 {

inline constexpr Describe kCondValid = words<"COND is not valid", "COND is valid">;
inline constexpr Describe kCond =
    words<"EQ", "NE", "CS", "CC", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE", "AL", "AL">;

}  // namespace bootrig::aarch64
