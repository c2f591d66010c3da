#include "triage/diagnosis.h"

#include <fmt/format.h>

#include "triage/rules.h"

namespace bootrig {
namespace {

// What of two syndromes must agree: EC, and of the ISS the fault status code, WnR and S1PTW; the rest depends on the
// instruction (DDI 0487, ESR_ELx, ISS encoding for a Data Abort).
constexpr std::uint64_t kComparable = 0xfc0000ff;

std::string headline_of(const Facts& facts) {
  if (!facts.syndrome) return facts.record->headline;
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

void add_walk(const Facts& facts, std::vector<std::string>& findings) {
  if (!facts.walk) return;
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
  const bool agrees = ((fault.esr ^ facts.syndrome->esr) & kComparable) == 0;
  findings.push_back(agrees ? "the tables give the syndrome that the CPU reported"
                            : fmt::format("the tables as they are now give {:#x}, the CPU reported {:#x}: they have "
                                          "changed, or the dump is wrong",
                                          fault.esr, facts.syndrome->esr));
}

std::vector<std::string> find_facts(const Facts& facts) {
  std::vector<std::string> findings;
  if (facts.record) {
    findings.push_back(fmt::format("dump of {} at line {} of the console{}", facts.record->dialect,
                                   facts.record->first_line, facts.record->cut_off ? ", cut off" : ""));
    for (const std::string& correction : facts.record->corrections) findings.push_back("the dump: " + correction);
  } else {
    findings.push_back("the console has no dump; this is what the CPU's registers say");
  }
  add_walk(facts, findings);
  return findings;
}

// Equal for the same defect in another build: the kind of fault, the cause and the name of what is at fault.
std::string signature_of(const Facts& facts, const Diagnosis& diagnosis) {
  std::string text = diagnosis.cause ? diagnosis.cause->name : "unexplained";
  if (facts.syndrome) text += fmt::format(" EC {:#04x}", facts.syndrome->ec);
  if (facts.syndrome && facts.syndrome->status) text += ", " + facts.syndrome->status->text;
  if (facts.walk && facts.walk->fault && !facts.walk->steps.empty() && facts.evidence.symbols != nullptr) {
    const Symbol* symbol = facts.evidence.symbols->find(facts.walk->steps.back().address);
    if (symbol != nullptr) text += ", " + symbol->name;
  }
  return text;
}

}  // namespace

std::optional<Diagnosis> diagnose(const Evidence& evidence) {
  const std::optional<Facts> facts = gather(evidence);
  if (!facts) return std::nullopt;
  Diagnosis diagnosis;
  diagnosis.headline = headline_of(*facts);
  diagnosis.findings = find_facts(*facts);
  diagnosis.cause = find_root_cause(*facts);
  diagnosis.missing = facts->missing;
  if (!diagnosis.cause && evidence.symbols != nullptr && evidence.symbols->symbols().empty()) {
    diagnosis.missing.push_back("symbols: give the ELF files of what runs (--symbols, or the recipe's boot.symbols)");
  }
  diagnosis.signature = signature_of(*facts, diagnosis);
  return diagnosis;
}

std::optional<Diagnosis> triage_machine(Machine& machine, const MachineSpec& spec,
                                        const std::vector<std::filesystem::path>& symbols,
                                        std::string_view transcript) {
  SymbolTable table;
  for (const std::filesystem::path& file : symbols) (void)table.add(file);
  const auto at_rest = machine.inspect();
  auto diagnosis = diagnose({transcript, &spec, at_rest ? at_rest->get() : nullptr, &table});
  if (diagnosis && !at_rest) diagnosis->missing.push_back("the machine at rest: " + to_text(at_rest.error()));
  return diagnosis;
}

std::vector<std::string> diagnosis_lines(const Diagnosis& diagnosis) {
  std::vector<std::string> lines{diagnosis.headline};
  for (const std::string& finding : diagnosis.findings) lines.push_back("  " + finding);
  if (diagnosis.cause) {
    lines.push_back("CAUSE   " + diagnosis.cause->what);
    lines.push_back("CHANGE  " + diagnosis.cause->change);
  }
  for (const std::string& missing : diagnosis.missing) lines.push_back("MISSING " + missing);
  return lines;
}

}  // namespace bootrig
