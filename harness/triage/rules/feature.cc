// Instructions that this machine cannot execute as it stands: of an extension that the CPU lacks, of registers that are
// switched off, or none, as memory does not hold what the file has.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "inspect/disassembly.h"
#include "triage/rules/rules.h"
#include "triage/running_files.h"
#include "triage/written_over.h"

namespace bootrig {
namespace {

constexpr unsigned kFloatingPoint = 0x07, kSve = 0x19, kSme = 0x1d;  // DDI 0487, ESR_ELx.EC

// Encodings that are undefined without the extension, and whose use is never trapped by another class than 0 (DDI 0487,
// C4.1). With it, they are all allocated.
struct Extension {
  std::uint32_t mask, value;
  std::string_view name, what, from;  // `from`: the architecture that has it always
};
constexpr std::array<Extension, 6> kExtensions = {{
    {0x3f208c00, 0x38200000, "FEAT_LSE", "an atomic memory operation", "Armv8.1"},  // LDADD and its kin
    {0x3f20fc00, 0x38208000, "FEAT_LSE", "an atomic swap", "Armv8.1"},              // SWP
    {0x3fa07c00, 0x08a07c00, "FEAT_LSE", "an atomic compare and swap", "Armv8.1"},  // CAS
    {0x7fe0e000, 0x1ac04000, "FEAT_CRC32", "a CRC32 instruction", "Armv8.1"},       // CRC32B to CRC32X
    {0xfe9ff800, 0xd61f0800, "FEAT_PAuth", "a branch with pointer authentication", "Armv8.3"},
    {0xffffc000, 0xdac10000, "FEAT_PAuth", "a pointer authentication instruction", "Armv8.3"},  // PACIA to AUTDZB
}};

// As memory has it; without a machine, as the file has it.
std::optional<std::uint32_t> word_in_file(const Facts& facts) {
  if (!facts.elr) return std::nullopt;
  const auto place = find_in_files(facts, *facts.elr, facts.taken_from);
  if (!place || !place->executable()) return std::nullopt;
  std::uint32_t word = 0;
  const auto read = place->file->read_virtual(place->linked, {reinterpret_cast<std::uint8_t*>(&word), sizeof word});
  return read ? std::optional(word) : std::nullopt;
}

bool is_undefined(const Facts& facts) {
  return facts.syndrome && facts.syndrome->ec == kUnknownReason;
}

// Not an instruction of any extension: what memory holds is why it is undefined.
bool is_no_instruction(std::uint32_t word) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(word);
    word >>= 8;
  }
  return disassemble(0, bytes).front().text.starts_with(".word");
}

// Two user programs may have code at one address: then whose it was is not known.
bool one_file_alone(const Facts& facts, std::uint64_t address) {
  return std::ranges::count_if(facts.evidence.files, [&](const LoadedElf& file) {
           return file.segment_at_virtual(address) != nullptr ||
                  file.segment_at_virtual(address | kUpperHalf) != nullptr;
         }) == 1;
}

}  // namespace

std::optional<RootCause> cpu_lacks_feature(const Facts& facts) {
  if (!is_undefined(facts)) return std::nullopt;
  const auto word = facts.instruction ? facts.instruction : word_in_file(facts);
  if (!word) return std::nullopt;
  for (const Extension& extension : kExtensions) {
    if ((*word & extension.mask) != extension.value) continue;
    const std::string cpu = facts.evidence.machine != nullptr && !facts.evidence.machine->cpu.empty()
                                ? facts.evidence.machine->cpu
                                : "this machine's CPU";
    return RootCause{
        "cpu-lacks-feature",
        fmt::format("the instruction at {} ({:08x}) is {} ({}), which {} does not have: it is undefined there",
                    code_of_exception(facts), *word, extension.what, extension.name, cpu),
        fmt::format("build the image for this CPU (-mcpu, or -march without the extension), or boot it on a target "
                    "whose CPU has {}: {} and later",
                    extension.name, extension.from)};
  }
  return std::nullopt;
}

// Only a dump tells that nobody meant it: a kernel that switches these registers lazily takes the same exception daily.
std::optional<RootCause> floating_point_trapped(const Facts& facts) {
  if (!facts.record || !facts.record->esr || !facts.syndrome) return std::nullopt;
  const unsigned ec = facts.syndrome->ec;
  if (ec != kFloatingPoint && ec != kSve && ec != kSme) return std::nullopt;
  const char* registers = ec == kSve ? "SVE" : ec == kSme ? "SME" : "floating-point (or SIMD)";
  const char* field = ec == kSve ? "ZEN" : ec == kSme ? "SMEN" : "FPEN";
  const char* trap = ec == kSve ? "TZ" : ec == kSme ? "TSM" : "TFP";
  const std::string control = facts.taken_to == 1 ? fmt::format("CPACR_EL1.{} (to 0b11)", field)
                              : facts.taken_to == 2
                                  ? fmt::format("CPTR_EL2.{} (to 0; with E2H, {} to 0b11)", trap, field)
                                  : fmt::format("CPTR_EL3.{}", ec == kFloatingPoint ? "TFP" : "EZ or ESM");
  return RootCause{"floating-point-trapped",
                   fmt::format("{} uses {} registers at {}, and access to them is trapped to EL{}",
                               code_at_fault(facts), registers, code_of_exception(facts), facts.taken_to),
                   fmt::format("set {} before the first use, or build this code without them{}", control,
                               ec == kFloatingPoint ? " (-mgeneral-regs-only)" : "")};
}

std::optional<RootCause> code_overwritten(const Facts& facts) {
  if (!is_undefined(facts) || !facts.instruction || !facts.elr || !facts.code || !facts.code->address) {
    return std::nullopt;
  }
  const auto place = find_in_files(facts, *facts.elr, facts.taken_from);
  const auto word = word_in_file(facts);
  if (!word || *word == *facts.instruction || place->writable() || !one_file_alone(facts, *facts.elr)) {
    return std::nullopt;
  }
  // At another place than the file's own it is the tables that are wrong.
  if (place->physical() != *facts.code->address || is_no_instruction(*word) || !is_no_instruction(*facts.instruction)) {
    return std::nullopt;
  }
  const std::string who = who_lies_at(facts, *facts.code->address & ~std::uint64_t{3}, place->file);
  return RootCause{
      "code-overwritten",
      fmt::format("memory at {} holds {:#010x}, where {} has the instruction {:#010x}: {}", code_of_exception(facts),
                  *facts.instruction, place->file_name(), *word,
                  who.empty() ? "something has written over the code, or not all of it was loaded" : who),
      fmt::format("watch physical {:#x} from power-on for who writes there: a copy that is too long, a heap or a stack "
                  "placed over the program, or a loader that stops too early",
                  *facts.code->address)};
}

}  // namespace bootrig
