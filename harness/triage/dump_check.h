// What the machine at rest says against a dump: its registers are still those of the exception that the dump tells of, and
// hold what the dump does not print. A handler that prints another level's bank, or a frame that nobody has filled, is a
// defect of its own, and what it prints would lead away from the first one.
#pragma once

#include <string>
#include <vector>

#include "triage/facts.h"

namespace bootrig {

// One register of the dump.
struct Contradiction {
  std::string name;  // as the machine has it: "ESR_EL1"
  std::optional<std::uint64_t> printed;
  std::uint64_t held = 0;
  std::string why;  // the machine is believed
};

// Of the first dump, against the CPU that facts are about. None: they agree, or the CPU may have gone on since.
std::vector<Contradiction> find_contradictions(const Facts& facts);
// Puts the machine's values into facts.record, and says so in its corrections.
void believe_machine(Facts& facts);

// The dump is wrong, and what it should have told of no rule explains.
std::optional<RootCause> dump_contradicts_machine(const Facts& facts);

}  // namespace bootrig
