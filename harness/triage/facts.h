// Facts: what triage found out before any rule is asked. Made once, by gather(); rules only read it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aarch64/syndrome.h"
#include "aarch64/walk.h"
#include "base/memory_reader.h"
#include "inspect/archive.h"
#include "machine/memory_map.h"
#include "triage/diagnosis.h"
#include "triage/guest_tree.h"
#include "triage/guest_words.h"

namespace bootrig {

// A CPU of the machine at rest.
struct CpuFacts {
  CpuState state;
  unsigned level = 1;                        // exception level that it is at
  std::optional<std::uint32_t> instruction;  // at PC, as memory holds it; none: PC cannot be fetched
  bool waits = false;                        // at, or just behind, a wfi or wfe
  bool irqs_masked = false;                  // PSTATE.I
  std::optional<std::uint64_t> vectors;      // VBAR_ELx of its level
  bool in_vectors = false;                   // PC is in the 2 KiB there (DDI 0487, D1.3.1: 16 entries of 0x80 bytes)
};

inline constexpr std::uint64_t kPage = 4096;       // the smallest
inline constexpr std::uint64_t kNullPage = kPage;  // a pointer to a member of a null structure is near 0 as well
inline constexpr unsigned kUnknownReason = 0x00;   // DDI 0487, ESR_ELx.EC

// A table that the walk of FAR would need, where its last descriptor is invalid, or where a descriptor before that one
// leads to a table that is empty.
struct LinkCandidate {
  aarch64::WalkStep at;       // the descriptor that should point to it
  std::uint64_t table = 0;    // physical
  std::string name;           // its symbol; empty: unknown
  std::uint64_t reached = 0;  // where the walk would then come to
  std::string proof;          // why FAR belongs there: "memory holds there what kernel.elf has"; empty: unproven
  bool linked = false;        // a descriptor points to it already
  std::optional<std::uint64_t> twin;  // the descriptor that does, in another table at the index that is missing
};

struct Facts {
  Evidence evidence;
  std::vector<ExceptionRecord> records;   // the dumps on the console
  std::optional<ExceptionRecord> record;  // the first
  std::vector<CpuFacts> cpus;             // empty: the machine cannot be looked at
  // The CPUs again, each time some milliseconds of running later. Only when the session ended for time; else empty.
  std::vector<std::vector<CpuFacts>> looks;
  std::optional<CpuState> cpu;                // the CPU that took the exception, or the first
  std::vector<MemoryRegion> map;              // of the machine's physical memory; empty: unknown
  std::optional<aarch64::Syndrome> syndrome;  // of the exception; none: there was none
  std::optional<std::uint64_t> far, elr;      // valid ones only
  bool overtaken = false;  // an interrupt since has overwritten ELR and SPSR: where it was taken is lost
  std::optional<std::uint64_t> last_syndrome;  // without a dump: ESR of the last exception, if it was trouble
  unsigned taken_to = 1;                       // exception level
  unsigned taken_from = 1;
  // The walk of FAR, as the tables are now.
  std::optional<aarch64::TranslationRegisters> registers;
  aarch64::Regime regime = aarch64::Regime::kEl10;
  aarch64::Access access;
  std::optional<aarch64::WalkResult> walk;
  // There is no machine: the tables are those that the image's files hold, the registers are assumed.
  bool from_files = false;
  MemoryReader* memory = nullptr;           // physical: the machine's, or the files'; null: none
  std::shared_ptr<MemoryReader> of_files;   // what `memory` points to without a machine
  std::optional<aarch64::WalkResult> code;  // the walk of ELR, as a fetch
  std::vector<LinkCandidate> links;         // the likeliest: one is sure, more are not to be told apart
  // The instruction at ELR, as memory holds it now.
  std::optional<std::uint32_t> instruction;
  // Set: nothing tells of the exception; syndrome, FAR and walk are those that the tables predict for a fetch there.
  std::string last_exception;  // what the registers tell then
  const LoadedElf* suspect = nullptr;
  std::string suspected;  // "kernel.elf is loaded at 0x40000000, but its entry 0x... does not translate"
  std::optional<Archive> damaged_archive;  // in the image's files
  // A device tree other than the machine's own, which the guest was given or its image brings along, and in what it
  // disagrees with the machine's own. None: the guest has the machine's own.
  std::optional<GuestTree> tree;
  std::vector<GuestWords> words;  // what the guest said of its device tree, initrd, kernel and CPUs
  bool linux_there = false;       // Linux runs: it says so, or its image lies in memory
  std::vector<std::string> missing;
};

// What an address of EL2's only half lacks of the one at which a program for either level is linked.
inline constexpr std::uint64_t kUpperHalf = std::uint64_t{0xffff} << 48;

Facts gather(const Evidence& evidence);

// No call, no interrupt and nothing that software asks to be trapped: aborts, undefined instructions, illegal states,
// misaligned PC and SP.
bool is_trouble(const aarch64::Syndrome& syndrome);

// Whether the walk ends in the kind of fault, and at the level, that the CPU reported.
bool gives_reported_fault(const aarch64::Syndrome& syndrome, const aarch64::WalkResult& walk);
// The CPU reported a fault of this kind and the tables still give it: they are those of the exception.
bool walk_confirms(const Facts& facts, aarch64::FaultKind kind);
// The physical address of a virtual one, for the code that took the exception. None: it does not translate.
std::optional<std::uint64_t> translate(const Facts& facts, std::uint64_t address, aarch64::Access::Kind kind);

// A register of a level, by its name in the Arm ARM: ("SCTLR", 1). None: the machine does not have or tell it.
std::optional<std::uint64_t> system_register(const CpuState& cpu, const std::string& name, unsigned level);

// The physical address of one that a CPU, as it stands, reads from. None: it does not translate.
std::optional<std::uint64_t> translate(const Facts& facts, const CpuState& cpu, std::uint64_t address);

// A virtual address of a CPU as it stands, read through its tables. None: it does not translate, or nothing is there.
std::optional<std::uint32_t> read_instruction(const Facts& facts, const CpuState& cpu, std::uint64_t address);

// The symbol of a physical address, also where it is linked elsewhere; empty: unknown.
std::string physical_name(const Facts& facts, std::uint64_t address);
// A physical address: "0x7000cff8 <boot_lvl0_upper+0xff8>", or the address alone.
std::string with_symbol(const Facts& facts, std::uint64_t address);
// Of code: the same, but an address of EL2's lower half is also looked up in the upper half, where it is linked.
std::string code_symbol(const Facts& facts, std::uint64_t address);
// Of ELR; "an address that is lost" where there is none.
std::string code_of_exception(const Facts& facts);
// Who took the exception: "user code", "protection domain 'client'", "code at EL1".
std::string code_at_fault(const Facts& facts);
// The symbol alone, looked up as code_symbol() does; empty: unknown.
std::string code_name(const Facts& facts, std::uint64_t address);

}  // namespace bootrig
