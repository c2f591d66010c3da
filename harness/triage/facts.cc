#include "triage/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/dump_check.h"
#include "triage/linux_log.h"
#include "triage/suspect.h"
#include "triage/table_search.h"

namespace bootrig {
namespace {

using aarch64::Access;
using aarch64::Regime;
using aarch64::TranslationRegisters;

constexpr std::uint64_t kHcrE2h = std::uint64_t{1} << 34;  // DDI 0487, HCR_EL2.E2H

// PSTATE.EL, as SPSR_ELx.M[3:2].
unsigned current_level(const CpuState& cpu) {
  return (cpu.pstate >> 2) & 3;
}

// The CPU that is told to have taken it, or whose registers hold what the dump says; without a match the first.
const CpuState& pick_cpu(const std::vector<CpuState>& cpus, const TakenException* taken,
                         const ExceptionRecord* record) {
  if (taken != nullptr && taken->cpu < cpus.size()) return cpus[taken->cpu];
  for (const CpuState& cpu : cpus) {
    if (record == nullptr || !record->esr) break;
    for (unsigned level = 1; level <= 3; ++level) {
      const bool same_esr = system_register(cpu, "ESR", level).value_or(0) == *record->esr;
      if (same_esr && *record->esr != 0 && record->far.value_or(0) == system_register(cpu, "FAR", level).value_or(0)) {
        return cpu;
      }
    }
  }
  return cpus.front();
}

bool is_wait(std::uint32_t instruction) {
  constexpr std::uint32_t kWfe = 0xd503205f, kWfi = 0xd503207f;  // DDI 0487, WFE, WFI
  return instruction == kWfe || instruction == kWfi;
}

CpuFacts look_at_cpu(const Facts& facts, const CpuState& state) {
  constexpr std::uint64_t kVectorBytes = 0x800;
  CpuFacts cpu{.state = state, .level = current_level(state)};
  cpu.instruction = read_instruction(facts, state, state.pc);
  // A CPU that was woken to be looked at stands behind the instruction.
  const auto before = read_instruction(facts, state, state.pc - 4);
  cpu.waits = (cpu.instruction && is_wait(*cpu.instruction)) || (before && is_wait(*before));
  cpu.irqs_masked = (state.pstate >> 7) & 1;  // DDI 0487, SPSR_ELx.I
  cpu.vectors = system_register(state, "VBAR", cpu.level);
  cpu.in_vectors = cpu.vectors && state.pc - *cpu.vectors < kVectorBytes;
  return cpu;
}

void look_at_machine(Facts& facts) {
  if (facts.evidence.at_rest == nullptr) {
    // What a board does not give it says itself, and another run would not help.
    if (facts.evidence.machine != nullptr && facts.evidence.machine->kind == MachineKind::kBoard) return;
    facts.missing.push_back(
        "the machine itself: only the text is known; a live run (bootrig boot, bootrig run) walks the tables");
    return;
  }
  auto cpus = facts.evidence.at_rest->cpus();
  if (!cpus || cpus->empty()) {
    facts.missing.push_back("the registers: " + (cpus ? std::string("the machine has no CPU") : to_text(cpus.error())));
    return;
  }
  facts.memory = facts.evidence.at_rest;
  facts.cpu = pick_cpu(*cpus, facts.evidence.taken, facts.record ? &*facts.record : nullptr);
  for (const CpuState& cpu : *cpus) facts.cpus.push_back(look_at_cpu(facts, cpu));
  if (const auto map = facts.evidence.at_rest->monitor("info mtree -f")) facts.map = parse_memory_map(*map);
}

// An interrupt leaves ESR and FAR as they are and writes ELR and SPSR: then these two are not of the exception that ESR
// tells of. It is seen where they name another level than the syndrome does (DDI 0487, ESR_EL1, EC; SPSR_EL1, M).
bool is_overtaken(const aarch64::Syndrome& syndrome, std::uint64_t spsr, unsigned taken_to) {
  const bool from_same = (spsr >> 4 & 1) == 0 && (spsr >> 2 & 3) == taken_to;
  return syndrome.abort && syndrome.same_level != from_same;
}

// The CPU stands at the exception: nothing is left to guess.
void take_exception(Facts& facts, const TakenException& taken) {
  constexpr std::uint64_t kAarch32 = 0x10;  // DDI 0487, SPSR_ELx.M[4]
  facts.taken_to = taken.level;
  facts.taken_from = (taken.spsr & kAarch32) != 0 ? 0 : static_cast<unsigned>(taken.spsr >> 2 & 3);
  facts.syndrome = aarch64::decode_esr(taken.esr);
  facts.elr = taken.elr;
  if (facts.syndrome->far_valid) facts.far = taken.far;
  if (!facts.record || !facts.cpu) return;
  // What a dump leaves out, or prints of a later moment.
  std::ranges::copy(facts.cpu->x, facts.record->x.begin());
  facts.record->sp = system_register(*facts.cpu, "SP", (taken.spsr & 1) != 0 ? facts.taken_from : 0);
}

// What the exception was: the dump's words where there are some, else the registers of the level that the CPU is at.
void find_exception(Facts& facts) {
  if (facts.evidence.taken != nullptr) return take_exception(facts, *facts.evidence.taken);
  if (!facts.record && !facts.cpu) return;
  const bool told = facts.record.has_value();
  facts.taken_to = facts.cpu ? current_level(*facts.cpu) : 1;
  if (told && facts.record->level) facts.taken_to = *facts.record->level;
  const auto take = [&](std::optional<std::uint64_t> said, const char* name) {
    if (said || !facts.cpu || (told && !may_have_syndrome(*facts.record))) return said;
    return system_register(*facts.cpu, name, facts.taken_to);
  };
  const auto esr = take(told ? facts.record->esr : std::nullopt, "ESR");
  if (!esr || (!told && *esr == 0)) return;
  const aarch64::Syndrome syndrome = aarch64::decode_esr(*esr);
  // Without a dump the registers hold the last exception, which may be any system call.
  if (!told && !is_trouble(syndrome)) return;
  if (!told) facts.last_syndrome = *esr;
  facts.syndrome = syndrome;
  facts.elr = take(told ? facts.record->elr : std::nullopt, "ELR");
  if (syndrome.far_valid) facts.far = take(told ? facts.record->far : std::nullopt, "FAR");
  // A dump may leave SPSR out; a CPU that has gone on since has another's.
  const bool still_there = facts.cpu && system_register(*facts.cpu, "ESR", facts.taken_to) == esr &&
                           system_register(*facts.cpu, "ELR", facts.taken_to) == facts.elr;
  const auto spsr = still_there || !told ? take(told ? facts.record->spsr : std::nullopt, "SPSR") : facts.record->spsr;
  facts.overtaken = !told && spsr && is_overtaken(syndrome, *spsr, facts.taken_to);
  if (facts.overtaken) facts.elr.reset();
  const unsigned below = spsr && !facts.overtaken ? (*spsr >> 2) & 3 : 0;
  facts.taken_from = syndrome.same_level ? facts.taken_to : below;
}

// The regime of an exception that was taken from one level to another, or (both equal) of code at a level.
Regime regime_of(const CpuState& cpu, unsigned taken_to, unsigned taken_from) {
  if (taken_to == 3 && taken_from == 3) return Regime::kEl3;
  if (taken_to < 2 || taken_from < 2) return Regime::kEl10;
  return (system_register(cpu, "HCR", 2).value_or(0) & kHcrE2h) != 0 ? Regime::kEl20 : Regime::kEl2;
}

std::optional<TranslationRegisters> read_registers(const CpuState& cpu, Regime regime) {
  const unsigned level = regime == Regime::kEl10 ? 1 : regime == Regime::kEl3 ? 3 : 2;
  const auto sctlr = system_register(cpu, "SCTLR", level), tcr = system_register(cpu, "TCR", level);
  const auto ttbr0 = system_register(cpu, "TTBR0", level);
  if (!sctlr || !tcr || !ttbr0) return std::nullopt;
  TranslationRegisters registers;
  registers.sctlr = *sctlr;
  registers.tcr = *tcr;
  registers.ttbr0 = *ttbr0;
  registers.ttbr1 = system_register(cpu, "TTBR1", level).value_or(0);
  registers.mair = system_register(cpu, "MAIR", level).value_or(0);
  registers.hcr = system_register(cpu, "HCR", 2).value_or(0);
  registers.vtcr = system_register(cpu, "VTCR", 2).value_or(0);
  registers.vttbr = system_register(cpu, "VTTBR", 2).value_or(0);
  return registers;
}

// The instruction at an address; none: it does not translate, or nothing is there.
std::optional<std::uint32_t> fetch(const Facts& facts, const TranslationRegisters& registers, Regime regime,
                                   unsigned from_level, std::uint64_t address) {
  const Access access{Access::Kind::kExecute, from_level};
  const auto code = aarch64::walk(registers, regime, address, access, *facts.evidence.at_rest);
  std::array<std::uint8_t, 4> bytes;
  if (!code.address || !facts.evidence.at_rest->read(*code.address, bytes)) return std::nullopt;
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

void walk_tables(Facts& facts) {
  if (!facts.cpu) return;
  facts.regime = regime_of(*facts.cpu, facts.taken_to, facts.taken_from);
  facts.registers = read_registers(*facts.cpu, facts.regime);
  if (!facts.registers) {
    facts.missing.push_back("the translation registers: this machine's gdbstub does not give them");
    return;
  }
  if (facts.syndrome && facts.syndrome->abort && facts.far) {
    const Access::Kind kind = facts.syndrome->instruction ? Access::Kind::kExecute
                              : facts.syndrome->write     ? Access::Kind::kWrite
                                                          : Access::Kind::kRead;
    facts.access = {kind, facts.taken_from};
    facts.walk = aarch64::walk(*facts.registers, facts.regime, *facts.far, facts.access, *facts.evidence.at_rest);
  }
  if (!facts.elr) return;
  facts.instruction = fetch(facts, *facts.registers, facts.regime, facts.taken_from, *facts.elr);
  const Access fetched{Access::Kind::kExecute, facts.taken_from};
  facts.code = aarch64::walk(*facts.registers, facts.regime, *facts.elr, fetched, *facts.evidence.at_rest);
}

// Whether the CPUs move. Last of all: from here on memory and registers are not those of the first look.
void look_again(Facts& facts) {
  constexpr int kLooks = 3;
  constexpr Duration kBetween = std::chrono::milliseconds(5);
  if (facts.evidence.stopped_for != StoppedFor::kTime || facts.cpus.empty() || facts.evidence.taken != nullptr) return;
  for (int i = 0; i < kLooks; ++i) {
    if (!facts.evidence.at_rest->let_run(kBetween)) return;
    const auto cpus = facts.evidence.at_rest->cpus();
    if (!cpus) return;
    auto& look = facts.looks.emplace_back();
    for (const CpuState& cpu : *cpus) look.push_back(look_at_cpu(facts, cpu));
  }
}

// What it said of what it was given. Of a silent Linux, the log in memory tells.
void listen(Facts& facts) {
  const Evidence& evidence = facts.evidence;
  facts.linux_there = evidence.transcript.contains("Linux version ");
  const bool silent = !facts.linux_there && evidence.stopped_for != StoppedFor::kConsole && facts.memory != nullptr;
  const auto found = silent ? find_linux(facts.map, facts.memory) : std::nullopt;
  facts.linux_there = facts.linux_there || found.has_value();
  const bool known = found && evidence.given != nullptr;
  facts.words = find_words(evidence.transcript,
                           known ? linux_log(*found, evidence.given->image.bytes.size(), *facts.memory) : "");
}

void follow_suspect(Facts& facts) {
  std::optional<Suspect> suspect = find_suspect(facts);
  if (!suspect) return;
  facts.suspected = fmt::format("{} is loaded at {:#x}, but its entry {:#x} ",
                                suspect->file->path().filename().string(), suspect->physical, suspect->entry);
  facts.suspected += suspect->walk.address ? fmt::format("translates to {:#x}", *suspect->walk.address)
                                           : std::string("cannot be fetched");
  if (facts.syndrome) {
    facts.last_exception =
        fmt::format("{}, ELR {}", aarch64::summary(*facts.syndrome), code_symbol(facts, facts.elr.value_or(0)));
    if (facts.far) facts.last_exception += fmt::format(", FAR {:#x}", *facts.far);
  }
  facts.far = facts.elr = suspect->entry;
  facts.taken_from = facts.taken_to;
  facts.access = {Access::Kind::kExecute, facts.taken_to};
  facts.syndrome.reset();
  if (suspect->walk.fault) facts.syndrome = aarch64::decode_esr(suspect->walk.fault->esr);
  facts.walk = std::move(suspect->walk);
  facts.code = facts.walk;
  facts.suspect = suspect->file;
  facts.instruction.reset();
}

}  // namespace

Facts gather(const Evidence& evidence) {
  Facts facts;
  facts.evidence = evidence;
  facts.records = find_dumps(evidence.transcript);
  if (!facts.records.empty()) facts.record = facts.records.front();
  look_at_machine(facts);
  believe_machine(facts);
  find_exception(facts);
  walk_tables(facts);
  follow_suspect(facts);
  if (facts.evidence.at_rest == nullptr) walk_files(facts);
  facts.links = find_links(facts);
  facts.tree = find_guest_tree(evidence);
  listen(facts);
  facts.damaged_archive = find_damaged_archive(evidence.files);
  look_again(facts);
  return facts;
}

bool is_trouble(const aarch64::Syndrome& syndrome) {
  constexpr unsigned kTrouble[] = {0x00, 0x0e, 0x22, 0x26};  // unknown, illegal state, PC and SP alignment
  return syndrome.abort || std::ranges::find(kTrouble, syndrome.ec) != std::end(kTrouble);
}

bool gives_reported_fault(const aarch64::Syndrome& syndrome, const aarch64::WalkResult& walk) {
  return syndrome.status && walk.fault && walk.fault->status.kind == syndrome.status->kind &&
         walk.fault->status.level == syndrome.status->level;
}

bool walk_confirms(const Facts& facts, aarch64::FaultKind kind) {
  return facts.syndrome && facts.walk && facts.registers && facts.far &&
         gives_reported_fault(*facts.syndrome, *facts.walk) && facts.walk->fault->status.kind == kind;
}

std::optional<std::uint64_t> translate(const Facts& facts, std::uint64_t address, Access::Kind kind) {
  if (!facts.registers || facts.memory == nullptr) return std::nullopt;
  return aarch64::walk(*facts.registers, facts.regime, address, {kind, facts.taken_from, false}, *facts.memory).address;
}

std::optional<std::uint64_t> system_register(const CpuState& cpu, const std::string& name, unsigned level) {
  const auto found = cpu.system.find(fmt::format("{}_EL{}", name, level));
  if (found == cpu.system.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint64_t> translate(const Facts& facts, const CpuState& cpu, std::uint64_t address) {
  const unsigned level = current_level(cpu);
  const Regime regime = regime_of(cpu, level, level);
  const auto registers = read_registers(cpu, regime);
  if (!registers || facts.evidence.at_rest == nullptr) return std::nullopt;
  return aarch64::walk(*registers, regime, address, {Access::Kind::kRead, level}, *facts.evidence.at_rest).address;
}

std::optional<std::uint32_t> read_instruction(const Facts& facts, const CpuState& cpu, std::uint64_t address) {
  const unsigned level = current_level(cpu);
  const Regime regime = regime_of(cpu, level, level);
  const auto registers = read_registers(cpu, regime);
  if (!registers || facts.evidence.at_rest == nullptr) return std::nullopt;
  return fetch(facts, *registers, regime, level, address);
}

std::string physical_name(const Facts& facts, std::uint64_t address) {
  if (facts.evidence.symbols == nullptr) return "";
  std::string name = facts.evidence.symbols->name_of(address);
  for (const LoadedElf& file : facts.evidence.files) {
    const ElfSegment* segment = file.segment_at_physical(address);
    if (!name.empty() || segment == nullptr) continue;
    name = facts.evidence.symbols->name_of(address - segment->physical_address + segment->virtual_address);
  }
  return name;
}

std::string with_symbol(const Facts& facts, std::uint64_t address) {
  const std::string name = physical_name(facts, address);
  return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} <{}>", address, name);
}

std::string code_name(const Facts& facts, std::uint64_t address) {
  const SymbolTable* symbols = facts.evidence.symbols;
  if (symbols == nullptr) return "";
  const std::string name = symbols->name_of(address);
  return name.empty() && (address & kUpperHalf) == 0 ? symbols->name_of(address | kUpperHalf) : name;
}

std::string code_at_fault(const Facts& facts) {
  if (facts.record && facts.record->extra.contains("pd")) {
    return fmt::format("protection domain '{}'", facts.record->extra.at("pd"));
  }
  return facts.taken_from == 0 ? "user code" : fmt::format("code at EL{}", facts.taken_from);
}

std::string code_of_exception(const Facts& facts) {
  return facts.elr ? code_symbol(facts, *facts.elr) : "an address that is lost";
}

std::string code_symbol(const Facts& facts, std::uint64_t address) {
  const std::string name = code_name(facts, address);
  return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} <{}>", address, name);
}

}  // namespace bootrig
