#include "triage/dump_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace bootrig {
namespace {

constexpr std::uint64_t kLowHalf = 0xffffffff;  // of ESR: some dialects print no more

// The registers of a level.
struct Bank {
  unsigned level = 1;
  std::uint64_t esr = 0, elr = 0, spsr = 0, far = 0;
  aarch64::Syndrome syndrome;
};

Bank read_bank(const CpuState& cpu, unsigned level) {
  Bank bank{.level = level};
  bank.esr = system_register(cpu, "ESR", level).value_or(0);
  bank.elr = system_register(cpu, "ELR", level).value_or(0);
  bank.spsr = system_register(cpu, "SPSR", level).value_or(0);
  bank.far = system_register(cpu, "FAR", level).value_or(0);
  bank.syndrome = aarch64::decode_esr(bank.esr);
  return bank;
}

// What no program calls for: a CPU at rest whose last exception was one of these stands in its handler.
bool is_fault(const aarch64::Syndrome& syndrome) {
  constexpr unsigned kUnknown = 0x00, kIllegalState = 0x0e, kPc = 0x22, kSp = 0x26;  // ESR_ELx.EC
  return syndrome.esr != 0 && (syndrome.abort || syndrome.ec == kUnknown || syndrome.ec == kIllegalState ||
                               syndrome.ec == kPc || syndrome.ec == kSp);
}

std::string name_of(const char* name, const Bank& bank) {
  return fmt::format("{}_EL{}", name, bank.level);
}

// Nothing that the dump prints is of any exception: an exception of unknown reason sets IL as well (DDI 0487, ESR_ELx,
// IL), so that no exception leaves an ESR of 0.
std::vector<Contradiction> against_zeroes(const ExceptionRecord& record, const Bank& bank) {
  if (record.esr != std::uint64_t{0} || record.elr.value_or(0) != 0 || !is_fault(bank.syndrome) || bank.elr == 0) {
    return {};
  }
  const bool other_bank = record.level && *record.level != bank.level;
  const std::string why =
      other_bank ? fmt::format("they are EL{}'s, the exception was taken to EL{}", *record.level, bank.level)
                 : "no exception leaves an ESR of 0: the frame that is printed was never filled";
  std::vector<Contradiction> found{{name_of("ESR", bank), record.esr, bank.esr, why},
                                   {name_of("ELR", bank), record.elr, bank.elr, why}};
  if (bank.syndrome.far_valid) found.push_back({name_of("FAR", bank), record.far, bank.far, why});
  return found;
}

// The same instruction in the same state: an exception since would have left another ELR.
std::vector<Contradiction> against_same_place(const ExceptionRecord& record, const Bank& bank) {
  if (!record.elr || *record.elr == 0 || *record.elr != bank.elr || record.spsr != bank.spsr) return {};
  const std::string why = "ELR and SPSR are those of the machine, which has taken no exception since";
  std::vector<Contradiction> found;
  if (record.esr && bank.esr != 0 && ((*record.esr ^ bank.esr) & kLowHalf) != 0) {
    found.push_back({name_of("ESR", bank), record.esr, bank.esr, why});
  }
  const bool far_differs = record.far ? *record.far != bank.far : !found.empty();
  if (bank.syndrome.far_valid && far_differs) found.push_back({name_of("FAR", bank), record.far, bank.far, why});
  return found;
}

// An ELR of 0 that only a call of null could leave, and then FAR would be 0, too.
std::vector<Contradiction> against_lost_place(const ExceptionRecord& record, const Bank& bank) {
  const bool same_fault = record.esr == bank.esr && is_fault(bank.syndrome) && bank.syndrome.far_valid &&
                          bank.far != 0 && record.far == bank.far;
  if (!same_fault || record.elr != std::uint64_t{0} || bank.elr == 0) return {};
  return {{name_of("ELR", bank), record.elr, bank.elr, "ESR and FAR are those of the machine"}};
}

std::string text_of(const Contradiction& contradiction) {
  return fmt::format("{} is printed as {}, and the machine holds {:#x}", contradiction.name,
                     contradiction.printed ? fmt::format("{:#x}", *contradiction.printed) : "nothing",
                     contradiction.held);
}

}  // namespace

std::vector<Contradiction> find_contradictions(const Facts& facts) {
  if (facts.records.empty() || !facts.cpu || !may_have_syndrome(facts.records.front())) return {};
  const ExceptionRecord& record = facts.records.front();
  const unsigned level = (facts.cpu->pstate >> 2) & 3;  // PSTATE.EL, as SPSR_ELx.M[3:2]: the handler's
  if (level == 0) return {};
  const Bank bank = read_bank(*facts.cpu, level);
  if (auto found = against_zeroes(record, bank); !found.empty()) return found;
  if (record.level && *record.level != level) return {};
  if (auto found = against_same_place(record, bank); !found.empty()) return found;
  return against_lost_place(record, bank);
}

void believe_machine(Facts& facts) {
  for (const Contradiction& found : find_contradictions(facts)) {
    ExceptionRecord& record = *facts.record;
    if (found.name.starts_with("ESR")) record.esr = found.held;
    if (found.name.starts_with("FAR")) record.far = found.held;
    if (found.name.starts_with("ELR")) {
      record.elr = found.held;
      record.spsr.reset();
      record.level = static_cast<unsigned>(found.name.back() - '0');
    }
    record.corrections.push_back(fmt::format("{}: {}; the machine is believed", text_of(found), found.why));
  }
}

std::optional<RootCause> dump_contradicts_machine(const Facts& facts) {
  const auto found = find_contradictions(facts);
  if (found.empty()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Contradiction& contradiction : found) texts.push_back(text_of(contradiction));
  return RootCause{
      "dump-contradicts-machine",
      fmt::format("the dump of {} is not of what the CPU had: {} ({})", facts.records.front().dialect,
                  fmt::join(texts, "; "), found.front().why),
      "let the handler save ESR, FAR, ELR and SPSR of its own level first of all, and print what it saved; of the "
      "exception itself no rule names the cause"};
}

}  // namespace bootrig
