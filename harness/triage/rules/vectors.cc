#include <fmt/format.h>

#include <algorithm>

#include "aarch64/field.h"
#include "triage/backtrace.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kVectorBytes = 0x800;  // DDI 0487, D1.3.1

// The first CPU takes exceptions at one of its own vectors, or in what that one branches to, so that it never gets out.
struct Recursion {
  const CpuFacts* cpu;
  std::uint64_t vectors;  // VBAR_ELx
  std::uint64_t at;       // ELR_ELx: the instruction that cannot be executed
  bool in_handler;        // not in the vectors themselves
};

// Where the vector entry of the address branches to, with or without a link; none: it does not within its 32 instructions.
std::optional<std::uint64_t> handler_of(const Facts& facts, const CpuState& cpu, std::uint64_t address) {
  constexpr std::uint64_t kEntryBytes = 0x80;                              // DDI 0487, D1.3.1
  constexpr std::uint32_t kBranch = 0x14000000, kBranchMask = 0x7c000000;  // DDI 0487, B and BL: imm26 in [25:0]
  const std::uint64_t entry = address - address % kEntryBytes;
  for (std::uint64_t at = entry; at < entry + kEntryBytes; at += kInstructionSize) {
    const auto word = read_instruction(facts, cpu, at);
    if (!word) return std::nullopt;
    if ((*word & kBranchMask) == kBranch) {
      return at + aarch64::sign_extended(aarch64::bits(*word, 25, 0), 26) * kInstructionSize;
    }
  }
  return std::nullopt;
}

// The first instructions of the handler, at which it saves registers on its stack.
bool is_begin_of_handler(const Facts& facts, const CpuFacts& cpu, std::uint64_t elr) {
  constexpr std::uint64_t kBegin = 16 * kInstructionSize;
  const auto handler = handler_of(facts, cpu.state, cpu.state.pc);
  return handler && elr - *handler < kBegin;
}

// Others than the first may stand at vectors that nobody has set because nobody has started them.
std::optional<Recursion> find_recursion(const Facts& facts) {
  if (facts.cpus.empty() || facts.record || !facts.syndrome) return std::nullopt;
  const CpuFacts& cpu = facts.cpus.front();
  const auto elr = system_register(cpu.state, "ELR", cpu.level);
  const auto spsr = system_register(cpu.state, "SPSR", cpu.level);
  if (!cpu.in_vectors || !elr || !spsr || ((*spsr >> 2) & 3) != cpu.level) return std::nullopt;  // SPSR_ELx.M[3:2]
  const bool in_handler = *elr - *cpu.vectors >= kVectorBytes;
  if (in_handler && (facts.evidence.taken != nullptr || !is_begin_of_handler(facts, cpu, *elr))) return std::nullopt;
  return Recursion{&cpu, *cpu.vectors, *elr, in_handler};
}

bool belongs_to_image(const Facts& facts, std::uint64_t address) {
  return !code_name(facts, address).empty() ||
         std::ranges::any_of(facts.evidence.loaded,
                             [&](const LoadedRange& range) { return address >= range.first && address <= range.last; });
}

// The exceptions that missing vectors bring are no aborts, and leave FAR to one before them (DDI 0487, FAR_ELx).
std::string abort_before(const Facts& facts, const CpuFacts& cpu) {
  const auto far = system_register(cpu.state, "FAR", cpu.level);
  if (!far || *far == 0 || facts.syndrome->far_valid) return "";
  return fmt::format("; FAR_EL{} is still that of an abort before, at {}", cpu.level, code_symbol(facts, *far));
}

// No code is at the entry, and the image never put any there.
bool never_set(const Facts& facts, const Recursion& recursion) {
  const auto code = read_instruction(facts, recursion.cpu->state, recursion.at);
  return code.value_or(0) == 0 && !belongs_to_image(facts, recursion.vectors);
}

// The registers tell of the last exception alone. In a second boot that stopped at one, it is the one that is shown.
std::string how_to_see_the_first(const Facts& facts, const Recursion& recursion) {
  if (facts.evidence.taken != nullptr) return "the exception shown is the one at which a second boot was stopped";
  return fmt::format("the first exception is lost: 'bootrig boot --triage-rerun' shows it, or a breakpoint at {:#x}",
                     recursion.vectors + 0x200);
}

// The level below whose vectors the image has set; 0: none. An image that has made ready for a lower level (SCR_EL3.NS,
// HCR_EL2.RW) has known where it was entered.
unsigned level_expected(const Facts& facts, const CpuFacts& cpu) {
  const bool left = cpu.level == 3 ? (system_register(cpu.state, "SCR", 3).value_or(0) & 1) != 0
                                   : (system_register(cpu.state, "HCR", 2).value_or(0) >> 31 & 1) != 0;
  if (left) return 0;
  for (unsigned level = cpu.level - 1; level >= 1; --level) {
    const auto vectors = system_register(cpu.state, "VBAR", level);
    if (vectors && *vectors != 0 && belongs_to_image(facts, *vectors)) return level;
  }
  return 0;
}

}  // namespace

std::optional<RootCause> vectors_not_set(const Facts& facts) {
  return facts.suspect == nullptr ? vectors_not_set_and_no_more(facts) : std::nullopt;
}

std::optional<RootCause> vectors_not_set_and_no_more(const Facts& facts) {
  const auto recursion = find_recursion(facts);
  if (!recursion || recursion->in_handler || !never_set(facts, *recursion)) return std::nullopt;
  const unsigned level = recursion->cpu->level;
  const std::string what = fmt::format(
      "an exception was taken to EL{}, whose vectors nobody has set: VBAR_EL{} is {:#x}, where no code is{}", level,
      level, recursion->vectors, abort_before(facts, *recursion->cpu));
  const unsigned expected = level_expected(facts, *recursion->cpu);
  if (expected == 0) {
    return RootCause{
        "vectors-not-set", what,
        fmt::format("set VBAR_EL{} before anything can fail; {}", level, how_to_see_the_first(facts, *recursion))};
  }
  return RootCause{fmt::format("image-entered-at-el{}", level),
                   fmt::format("{}; the image has set VBAR_EL{} ({}): it expects to be entered at EL{}", what, expected,
                               code_symbol(facts, *system_register(recursion->cpu->state, "VBAR", expected)), expected),
                   fmt::format("boot it on a target that enters it at EL{}, or make it leave EL{} first; {}", expected,
                               level, how_to_see_the_first(facts, *recursion))};
}

std::optional<RootCause> vector_recursion(const Facts& facts) {
  const auto recursion = find_recursion(facts);
  if (!recursion || (!recursion->in_handler && never_set(facts, *recursion))) return std::nullopt;
  const unsigned level = recursion->cpu->level;
  return RootCause{
      "vector-recursion",
      fmt::format("CPU {} takes exceptions in {} (VBAR_EL{} {}): at {}, {}{}", recursion->cpu->state.index,
                  recursion->in_handler ? "the handler of its own exceptions" : "its own exception vectors", level,
                  code_symbol(facts, recursion->vectors), code_symbol(facts, recursion->at),
                  aarch64::summary(*facts.syndrome), facts.far ? fmt::format(", FAR {:#x}", *facts.far) : ""),
      fmt::format("make {} work there: mapped, executable, {}; {}",
                  recursion->in_handler ? "the handler" : "the vectors",
                  recursion->in_handler ? "with a stack that is mapped as well" : "and without an access that faults",
                  how_to_see_the_first(facts, *recursion))};
}

}  // namespace bootrig
