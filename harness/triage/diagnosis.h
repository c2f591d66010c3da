// Diagnosis: the explanation of a failure. Evidence in, findings and at most one root cause out. A root cause is named
// only when the evidence carries it; otherwise the diagnosis says what is known and what is missing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dump/exception_record.h"
#include "elf/symbols.h"
#include "machine/inspection.h"
#include "machine/machine.h"
#include "spec/target.h"

namespace bootrig {

// What triage may look at. Rules see this alone: never a scenario's name or an image's.
struct Evidence {
  std::string_view transcript;
  const MachineSpec* machine = nullptr;  // what the target has; none for a pasted log
  Inspection* at_rest = nullptr;         // the stopped machine; none: only the text is known
  const SymbolTable* symbols = nullptr;  // of what runs; may be empty
};

struct RootCause {
  std::string name;    // "table-not-linked"
  std::string what;    // one sentence: the cause, with addresses and symbols
  std::string change;  // one sentence: what must be changed, to what
};

struct Diagnosis {
  std::string headline;               // "Instruction Abort, same EL: translation fault, level 0; FAR = ELR = 0x..."
  std::vector<std::string> findings;  // one line each, in the order in which they build on each other
  std::optional<RootCause> cause;
  std::vector<std::string> missing;  // what is not known, and what would settle it
  std::string signature;             // equal for equal failures: cause, symbol, index; nothing that moves
};

// None when there is nothing to explain: no dump, and no exception in the machine's registers.
std::optional<Diagnosis> diagnose(const Evidence& evidence);

// The same for a machine that still stands: stops the guest and looks at it. `symbols`: ELF files of what runs; one that
// cannot be read adds nothing.
std::optional<Diagnosis> triage_machine(Machine& machine, const MachineSpec& spec,
                                        const std::vector<std::filesystem::path>& symbols, std::string_view transcript);

// The diagnosis as lines: headline, findings, "CAUSE ...", "CHANGE ...", "MISSING ...".
std::vector<std::string> diagnosis_lines(const Diagnosis& diagnosis);

}  // namespace bootrig
