// The suspect: what a machine without a dump was about to do when it was lost. A program that a loader has put where its
// ELF file says (its bytes are there) has to be mapped at its entry before anyone can jump there. When the CPU is lost
// in its own vectors, or in a handler that faults itself, was never in that program, and its entry cannot be fetched,
// the entry is where it was lost. So is the entry of a loader that its own tables do not map.
#pragma once

#include <optional>

#include "aarch64/walk.h"
#include "triage/facts.h"

namespace bootrig {

struct Suspect {
  const LoadedElf* file = nullptr;  // of the evidence's
  std::uint64_t entry = 0;          // virtual
  std::uint64_t physical = 0;       // where the file's bytes for it are
  aarch64::WalkResult walk;         // of a fetch at the entry: a fault, or an address that is not `physical`
};

// Of the CPU that facts are about. None: it is not lost, or every program that is loaded can be entered.
std::optional<Suspect> find_suspect(const Facts& facts);

}  // namespace bootrig
