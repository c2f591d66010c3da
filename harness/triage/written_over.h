// Who has written over memory: which file of what runs lies at a physical address, or whose bytes memory holds there.
#pragma once

#include <cstdint>
#include <string>

#include "triage/facts.h"

namespace bootrig {

// "segment 1 of kernel.elf (0x40010000..0x40014000) lies there, and memory holds what it has"; empty: nothing is known to.
// `except`: the file that belongs there; may be null. Only what memory confirms is named.
std::string who_lies_at(const Facts& facts, std::uint64_t physical, const LoadedElf* except);

}  // namespace bootrig
