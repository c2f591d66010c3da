#include "triage/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>

#include "base/text.h"
#include "machine/machine_trees.h"
#include "machine/other_machine.h"
#include "triage/activity.h"
#include "triage/code_facts.h"
#include "triage/image_evidence.h"
#include "triage/rules/rules.h"
#include "triage/rules/silence_rules.h"
#include "triage/silence.h"

namespace bootrig {
namespace {

// What of two syndromes must agree: EC, and of the ISS the fault status code, WnR and S1PTW; the rest depends on the
// instruction (DDI 0487, ESR_ELx, ISS encoding for a Data Abort).
constexpr std::uint64_t kComparable = 0xfc0000ff;

// Of a machine without an exception: where its first CPU is.
std::string headline_of_rest(const Facts& facts) {
  if (facts.cpus.empty()) return "no exception is known of";
  const CpuFacts& cpu = facts.cpus.front();
  return fmt::format("no exception; CPU {} is at EL{}, PC {}{}", cpu.state.index, cpu.level,
                     code_symbol(facts, cpu.state.pc), cpu.waits ? ", waiting" : "");
}

std::string headline_of(const Facts& facts) {
  if (!facts.syndrome && facts.suspected.empty())
    return facts.record ? facts.record->headline : headline_of_rest(facts);
  if (!facts.suspected.empty()) {
    return fmt::format("lost in exceptions at EL{}, no dump; {}", facts.taken_to, facts.suspected);
  }
  std::string text =
      fmt::format("{}  (ESR_EL{} {:#010x})", aarch64::summary(*facts.syndrome), facts.taken_to, facts.syndrome->esr);
  if (facts.far && facts.elr && *facts.far == *facts.elr) {
    text += fmt::format("  FAR = ELR = {:#x}", *facts.far);
  } else {
    if (facts.far) text += fmt::format("  FAR {:#x}", *facts.far);
    if (facts.elr) text += fmt::format("  ELR {}", code_symbol(facts, *facts.elr));
  }
  return text;
}

bool agrees(const aarch64::WalkResult::Fault& fault, const aarch64::Syndrome& syndrome) {
  return ((fault.esr ^ syndrome.esr) & kComparable) == 0;
}

void add_walk(const Facts& facts, std::vector<std::string>& findings) {
  if (!facts.walk) return;
  if (facts.from_files) findings.push_back("the tables are those of the image's files; one alone gives this fault");
  for (const aarch64::WalkStep& step : facts.walk->steps) {
    findings.push_back(fmt::format("walk{} L{}[{:#x}] at {} = {:#x}  {}", step.stage == 2 ? " stage 2" : "", step.level,
                                   step.index, with_symbol(facts, step.address), step.descriptor, step.meaning));
  }
  if (facts.walk->address) {
    findings.push_back(
        fmt::format("{:#x} translates to {:#x}: {}", *facts.far, *facts.walk->address, facts.walk->attributes));
  }
  if (facts.walk->unreadable) findings.push_back("the walk ends: " + to_text(*facts.walk->unreadable));
  if (!facts.walk->fault) return;
  const auto& fault = *facts.walk->fault;
  findings.push_back(fmt::format("{}: {}", fault.status.text, fault.why));
  // A root or an entry that was chosen so that it does agree.
  if (facts.from_files || !facts.suspected.empty()) return;
  if (facts.evidence.taken != nullptr && !agrees(fault, *facts.syndrome)) {
    findings.push_back(
        fmt::format("the tables at the exception give {:#x}, the CPU has {:#x}: a TLB holds what they no "
                    "longer say, or another CPU has changed them",
                    fault.esr, facts.syndrome->esr));
    return;
  }
  findings.push_back(agrees(fault, *facts.syndrome)
                         ? "the tables give the syndrome that the CPU reported"
                         : fmt::format("the tables as they are now give {:#x}, the CPU reported {:#x}: {}they have "
                                       "changed, or the dump is wrong",
                                       fault.esr, facts.syndrome->esr,
                                       facts.taken_from < facts.taken_to ? "they are another address space's, " : ""));
}

void add_links(const Facts& facts, std::vector<std::string>& findings) {
  if (facts.links.size() < 2) return;
  std::string text = "several tables would do, and which was meant cannot be told:";
  for (const LinkCandidate& link : facts.links) text += " " + with_symbol(facts, link.table);
  findings.push_back(std::move(text));
}

std::string state_of(const CpuFacts& cpu) {
  if (is_off(cpu)) return "off: it has never run";
  std::string text = cpu.waits ? "waits for an interrupt or event" : cpu.in_vectors ? "in its exception vectors" : "";
  if (!cpu.instruction) text += std::string(text.empty() ? "" : ", ") + "its PC cannot be fetched";
  if (cpu.irqs_masked) text += std::string(text.empty() ? "" : ", ") + "IRQs masked";
  return text;
}

void add_cpus(const Facts& facts, std::vector<std::string>& findings) {
  for (const CpuFacts& cpu : facts.cpus) {
    const std::string state = state_of(cpu);
    findings.push_back(fmt::format("CPU {} at EL{}, PC {}{}{}", cpu.state.index, cpu.level,
                                   code_symbol(facts, cpu.state.pc), state.empty() ? "" : ": ", state));
  }
}

// Of a machine that stands at its exception: where, and that all else is of that moment.
void add_taken(const Facts& facts, std::vector<std::string>& findings) {
  const TakenException* taken = facts.evidence.taken;
  if (taken == nullptr) return;
  std::string text =
      fmt::format("the machine at the exception, in a second boot, not at rest: CPU {} has just taken it to {}",
                  taken->cpu, code_symbol(facts, taken->vector));
  if (facts.registers && facts.regime == aarch64::Regime::kEl10) {
    text += fmt::format(", TTBR0_EL1 {:#x}, TTBR1_EL1 {:#x}", facts.registers->ttbr0, facts.registers->ttbr1);
    if (aarch64::stage2_enabled(*facts.registers, facts.regime)) {
      text += fmt::format(", VTTBR_EL2 {:#x}, VTCR_EL2 {:#x}", facts.registers->vttbr, facts.registers->vtcr);
    }
  }
  findings.push_back(std::move(text));
}

// In what the guest's device tree is not the machine's, and what it said of what it was given where nobody saw it.
void add_given(const Facts& facts, std::vector<std::string>& findings) {
  for (const TreeMismatch& found : facts.tree ? facts.tree->mismatches : std::vector<TreeMismatch>()) {
    findings.push_back(printable(fmt::format("{} is not of this machine: {} is {}, and {} belongs there",
                                             facts.tree->origin, found.property, found.found, found.own)));
  }
  for (const GuestWords& words : facts.words) {
    if (words.in_memory) findings.push_back(fmt::format("in Linux's log in memory: '{}'", words.line));
  }
}

std::vector<std::string> find_facts(const Facts& facts) {
  std::vector<std::string> findings;
  if (facts.record) {
    findings.push_back(fmt::format("dump of {} at line {} of the console{}", facts.record->dialect,
                                   facts.record->first_line, facts.record->cut_off ? ", cut off" : ""));
    for (const std::string& correction : facts.record->corrections) findings.push_back("the dump: " + correction);
    const auto refused = facts.record->extra.find("user-error");
    if (refused != facts.record->extra.end())
      findings.push_back("before, the kernel refused a call of this thread: " + refused->second);
  } else if (!facts.suspected.empty()) {
    findings.push_back(
        "the first exception is lost: its handler took others, and the registers tell of the last alone");
    if (!facts.last_exception.empty()) findings.push_back("the last: " + facts.last_exception);
    findings.push_back("what the CPU must have met before: " + facts.suspected);
  } else if (facts.syndrome) {
    findings.push_back("the console has no dump; this is what the CPU's registers say");
    if (facts.overtaken)
      findings.push_back("ELR and SPSR are of a later interrupt: where the exception was taken is lost");
  }
  add_taken(facts, findings);
  add_walk(facts, findings);
  add_links(facts, findings);
  if (!facts.syndrome) add_cpus(facts, findings);
  if (facts.damaged_archive) {
    findings.push_back(fmt::format("the archive at {:#x} in the image: {}", facts.damaged_archive->first,
                                   damage_text(*facts.damaged_archive)));
  }
  for (std::string& line : silence_lines(facts)) findings.push_back(std::move(line));
  add_given(facts, findings);
  for (std::string& line : activity_lines(facts)) findings.push_back(std::move(line));
  return findings;
}

// Of a silence that no rule explains: what to look at next.
void add_what_would_settle(const Facts& facts, Diagnosis& diagnosis) {
  if (facts.cpus.empty()) return;
  const std::uint64_t pc = facts.cpus.front().state.pc;
  diagnosis.missing.push_back(
      fmt::format("why it is silent: 'bootrig boot --keep' holds the machine for gdb; break where it was entered and "
                  "follow it to {}",
                  code_symbol(facts, pc)));
}

// Equal for the same defect in another build: the kind of fault, the cause and the name of what is at fault.
std::string signature_of(const Facts& facts, const Diagnosis& diagnosis) {
  std::string text = diagnosis.cause ? diagnosis.cause->name : "unexplained";
  if (facts.syndrome) text += fmt::format(" EC {:#04x}", facts.syndrome->ec);
  if (facts.syndrome && facts.syndrome->status) text += ", " + facts.syndrome->status->text;
  if (facts.walk && facts.walk->fault && !facts.walk->steps.empty() && facts.evidence.symbols != nullptr) {
    const Symbol* symbol = facts.evidence.symbols->find(facts.walk->steps.back().address);
    if (symbol != nullptr) return text + ", " + symbol->name;
  }
  // Two null pointers are two defects: the function tells them apart, and stays when the code around it moves.
  const std::string function = facts.syndrome && facts.elr ? code_name(facts, *facts.elr) : "";
  if (!function.empty()) text += ", " + function.substr(0, function.find('+'));
  return text;
}

// The same as data.
void add_data(const Facts& facts, Diagnosis& diagnosis) {
  if (facts.syndrome) {
    diagnosis.exception = ExceptionLine{
        facts.taken_to, aarch64::summary(*facts.syndrome), facts.syndrome->esr, facts.far, facts.elr, std::nullopt};
    if (facts.walk && facts.walk->fault) diagnosis.exception->predicted_esr = facts.walk->fault->esr;
  }
  if (facts.walk) {
    for (const aarch64::WalkStep& step : facts.walk->steps) {
      diagnosis.walk.push_back({step.stage, step.level, step.index, step.address, physical_name(facts, step.address),
                                step.descriptor, step.meaning});
    }
  }
  for (const CpuFacts& cpu : facts.cpus) {
    diagnosis.cpus.push_back({cpu.state.index, cpu.level, cpu.state.pc, code_name(facts, cpu.state.pc), state_of(cpu)});
  }
}

}  // namespace

namespace {

// The exception came from below, and the tables at rest do not give it: whoever took it has since gone on in others.
bool tables_are_anothers(const Facts& facts) {
  if (facts.evidence.taken != nullptr || facts.evidence.at_rest == nullptr || !facts.syndrome || !facts.walk) {
    return false;
  }
  const bool qemu = facts.evidence.machine != nullptr && facts.evidence.machine->kind == MachineKind::kQemu;
  const bool given = facts.walk->fault && agrees(*facts.walk->fault, *facts.syndrome);
  return qemu && facts.taken_from < facts.taken_to && !given;
}

std::optional<Diagnosis> diagnose(const Facts& facts) {
  const Evidence& evidence = facts.evidence;
  Diagnosis diagnosis;
  diagnosis.cause = find_root_cause(facts);
  // A guest that ended by itself, or said what it must not, has nothing to explain but an exception, or its silence.
  const bool silent = !silence_lines(facts).empty();
  const auto missing_cpu = missing_cpu_line(facts);
  if (!facts.record && !facts.syndrome && !diagnosis.cause && !silent && !missing_cpu) return std::nullopt;
  diagnosis.headline = headline_of(facts);
  diagnosis.findings = find_facts(facts);
  diagnosis.missing = facts.missing;
  if (tables_are_anothers(facts)) diagnosis.missing.emplace_back(kRerunWouldTell);
  const bool told =
      diagnosis.cause && (diagnosis.cause->name == "secondary-cpu-missing" || diagnosis.cause->name == "cpu-not-there");
  if (missing_cpu && !told) diagnosis.findings.push_back(*missing_cpu);
  if (silent && !diagnosis.cause) {
    std::ranges::move(last_exception_lines(facts), std::back_inserter(diagnosis.findings));
    add_what_would_settle(facts, diagnosis);
  }
  if (!diagnosis.cause && evidence.symbols != nullptr && evidence.symbols->symbols().empty()) {
    diagnosis.missing.push_back("symbols: give the ELF files of what runs (--symbols, or the recipe's boot.symbols)");
  }
  diagnosis.signature = signature_of(facts, diagnosis);
  add_data(facts, diagnosis);
  add_code(facts, diagnosis);
  return diagnosis;
}

// Asked of each kind of machine once: it costs the start of a QEMU. One that does not answer, as on a host that has too
// much to do, is an empty map, and asked again next time.
std::vector<MemoryRegion> map_of_other_machine(const MachineSpec& spec) {
  constexpr Duration kLimit = std::chrono::seconds(10);
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::vector<MemoryRegion>> known;
  const std::lock_guard lock(mutex);
  std::vector<MemoryRegion>& map = known[map_arguments(spec)];
  if (map.empty()) {
    ForkingLauncher launcher;
    map = memory_map_of(launcher, spec, Deadline::after(SteadyClock().now(), kLimit)).value_or(map);
  }
  return map;
}

// As with its map: each kind of machine is asked once.
std::optional<DeviceTree> tree_of_machine(const MachineSpec& spec) {
  static ForkingLauncher launcher;
  static MachineTrees trees(launcher);
  const DeviceTree* tree = spec.kind == MachineKind::kQemu ? trees.of(spec) : nullptr;
  return tree != nullptr ? std::optional(*tree) : std::nullopt;
}

}  // namespace

std::optional<Diagnosis> diagnose(const Evidence& evidence) {
  return diagnose(gather(evidence));
}

std::optional<Diagnosis> triage_machine(Machine& machine, const MachineSpec& spec, const Image& image,
                                        std::string_view transcript, const Stop& stop, const TakenException* taken,
                                        std::optional<SoughtException>* sought) {
  const ImageEvidence known = read_image(image);
  const auto at_rest = machine.inspect();
  Evidence evidence = known.with(transcript);
  evidence.machine = &spec;
  evidence.at_rest = at_rest ? at_rest->get() : nullptr;
  evidence.stopped_for = stop.why;
  evidence.silent_for = stop.silent_for;
  evidence.map_of = map_of_other_machine;
  evidence.tree_of = tree_of_machine;
  evidence.taken = taken;
  const Facts facts = gather(evidence);
  auto diagnosis = diagnose(facts);
  if (sought != nullptr) *sought = sought_exception(facts);
  if (diagnosis && !at_rest) diagnosis->missing.push_back("the machine at rest: " + to_text(at_rest.error()));
  return diagnosis;
}

}  // namespace bootrig
