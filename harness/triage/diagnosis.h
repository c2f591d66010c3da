// Diagnosis: the explanation of a failure. Evidence in, findings and at most one root cause out. A root cause is named
// only when the evidence carries it; otherwise the diagnosis says what is known and what is missing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dump/exception_record.h"
#include "elf/loaded_elf.h"
#include "elf/source_lines.h"
#include "elf/symbols.h"
#include "image/device_tree.h"
#include "image/image.h"
#include "machine/inspection.h"
#include "machine/machine.h"
#include "machine/memory_map.h"
#include "spec/target.h"
#include "triage/sought.h"

namespace bootrig {

// What brought the session to its end.
enum class StoppedFor {
  kUnknown,  // a pasted log does not tell
  kConsole,  // the console said what it must not
  kTime,     // a time limit: what was awaited did not come
  kOutput,   // more output than allowed
  kGuest,    // the guest powered off, reset or panicked by itself
};

// Where the image that was booted lies: physical, both ends inclusive.
struct LoadedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// A file that the machine was given, as the disk has it; no bytes: there is none, or it cannot be read.
struct GivenFile {
  std::string name;  // without its folder
  std::string bytes;
};
struct GivenFiles {
  GivenFile image;                        // that was booted
  std::optional<std::uint64_t> image_at;  // where its raw bytes were put, and entered without an argument in x0
  GivenFile tree;                         // a device tree instead of the machine's own (QEMU's -dtb)
  GivenFile initrd;
};

// What triage may look at. Rules see this alone: never a scenario's name or an image's.
struct Evidence {
  std::string_view transcript;
  const MachineSpec* machine = nullptr;  // what the target has; none for a pasted log
  Inspection* at_rest = nullptr;         // the stopped machine; none: only the text is known
  const SymbolTable* symbols = nullptr;  // of what runs; may be empty
  StoppedFor stopped_for = StoppedFor::kUnknown;
  std::span<const LoadedElf> files = {};  // ELF files of what runs, stripped or not; the one that was booted is first
  std::span<const LoadedRange> loaded = {};  // of the image that was booted
  // What another machine has where, to compare with; empty: cannot be asked. Asked only when a fault hit nothing.
  std::function<std::vector<MemoryRegion>(const MachineSpec&)> map_of = {};
  const SourceLines* lines = nullptr;  // of what runs; may be absent
  // The machine does not rest: it stands where this exception was just taken. The transcript is that of an earlier boot.
  const TakenException* taken = nullptr;
  std::optional<Duration> silent_for = std::nullopt;  // from the console's last byte, or power-on, to the end
  const GivenFiles* given = nullptr;                  // none: a pasted log
  // The device tree that such a machine has of its own; none: it cannot be asked. Asked only when the guest was given
  // another one.
  std::function<std::optional<DeviceTree>(const MachineSpec&)> tree_of = {};
};

struct RootCause {
  std::string name;    // "table-not-linked"
  std::string what;    // one sentence: the cause, with addresses and symbols
  std::string change;  // one sentence: what must be changed, to what
};

// One descriptor of the walk of the faulting address.
struct WalkLine {
  int stage = 1;
  int level = 0;
  unsigned index = 0;
  std::uint64_t address = 0;  // of the descriptor
  std::string symbol;         // "boot_lvl0_upper+0xff8"; empty: unknown
  std::uint64_t descriptor = 0;
  std::string meaning;  // "invalid", "table at 0x7000b000"
};

// The exception that is explained.
struct ExceptionLine {
  unsigned taken_to = 1;  // exception level
  std::string text;       // "Instruction Abort, same EL: translation fault, level 0"
  std::optional<std::uint64_t> esr, far, elr, predicted_esr;  // predicted: by the walk of the tables as they are
};

// Where a CPU stands.
struct CpuLine {
  unsigned index = 0;
  unsigned level = 0;
  std::uint64_t pc = 0;
  std::string symbol;
  std::string state;  // "waits for an interrupt (wfi), IRQ masked"
};

// What a second boot, stopped at the exception itself, has brought.
struct RerunLine {
  // "at-exception": the rest of the diagnosis is of the machine there; "not-seen": it did not come again; "impossible".
  std::string outcome;
  std::string text;                  // one sentence: what was done, or why nothing came of it
  std::uint64_t stops = 0;           // at vectors
  std::optional<RootCause> at_rest;  // what the machine at rest had given, where that is another cause
};

struct Diagnosis {
  std::string headline;               // "Instruction Abort, same EL: translation fault, level 0; FAR = ELR = 0x..."
  std::vector<std::string> findings;  // one line each, in the order in which they build on each other
  std::optional<RootCause> cause;
  std::vector<std::string> missing;  // what is not known, and what would settle it
  std::string signature;             // equal for equal failures: cause, symbol, index; nothing that moves
  // The same findings as data, and what a person wants to see beside them.
  std::optional<ExceptionLine> exception;
  std::vector<WalkLine> walk;
  std::vector<CpuLine> cpus;
  std::vector<std::string> code;       // disassembly around the instruction at fault, a line each
  std::vector<std::string> backtrace;  // "#0 0x... <symbol+0x4> file.c:12"
  std::optional<RerunLine> rerun;
};

// What stands in `missing` where the tables at rest are not those of the exception.
inline constexpr std::string_view kRerunWouldTell =
    "the tables of who faulted: --triage-rerun would boot again and look at them where the exception is taken";

// None when there is nothing to explain: no dump, no exception in the machine's registers, and no rule that knows more.
std::optional<Diagnosis> diagnose(const Evidence& evidence);

// How the session ended that is to be explained.
struct Stop {
  StoppedFor why = StoppedFor::kTime;
  std::optional<Duration> silent_for = std::nullopt;  // as in Evidence
};

// The same for a machine that still stands: stops the guest and looks at it. A file of the image that cannot be read
// adds nothing. `taken`: as in Evidence. `sought`: set to what a second boot would look for, if there is something.
std::optional<Diagnosis> triage_machine(Machine& machine, const MachineSpec& spec, const Image& image,
                                        std::string_view transcript, const Stop& stop,
                                        const TakenException* taken = nullptr,

                                        std::optional<SoughtException>* sought = nullptr);

}  // namespace bootrig
