#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "triage/activity.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

constexpr std::size_t kTextMin = 8;      // bytes; shorter runs are code that happens to be printable
constexpr std::size_t kTextsNeeded = 4;  // of its own that a program must have before its silence means something

using Texts = std::set<std::string, std::less<>>;

// Runs of printable bytes; a conversion of printf's kind ends one.
void add_texts(std::string_view bytes, Texts& texts) {
  std::string run;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '%') {
      run += c;
      continue;
    }
    if (run.size() >= kTextMin) texts.insert(run);
    run.clear();
  }
}

// Of one file, without those of the archives in it: they hold other programs.
Texts texts_of(const LoadedElf& file) {
  Texts texts;
  for (const ElfSegment& segment : file.elf().segments) {
    const std::string bytes = segment_bytes(file, segment);
    std::size_t from = 0;
    for (const Archive& archive : find_archives(bytes)) {
      add_texts(std::string_view(bytes).substr(from, archive.first - from), texts);
      from = archive.first + archive.size;
    }
    add_texts(std::string_view(bytes).substr(from), texts);
  }
  return texts;
}

// The file whose code is at the address: that which has the instructions that memory has there.
const LoadedElf* file_of(const Facts& facts, const CpuState& cpu, std::uint64_t address) {
  for (const LoadedElf& file : facts.evidence.files) {
    for (const std::uint64_t linked : {address, address | kUpperHalf}) {
      bool same = true;
      for (std::uint64_t offset = 0; same && offset < 16; offset += 4) {
        std::uint32_t word = 0;
        const auto read = file.read_virtual(linked + offset, {reinterpret_cast<std::uint8_t*>(&word), sizeof word});
        same = read && read_instruction(facts, cpu, address + offset) == word;
      }
      if (same) return &file;
    }
  }
  return nullptr;
}

// Where it ends up when all is well, or when it has given up: not in the middle of something.
bool is_at_rest(Doing doing) {
  return doing == Doing::kIdle || doing == Doing::kHalted || doing == Doing::kUser;
}

// How many texts of its own it has. None: one of them is on the console.
std::optional<std::size_t> unsaid_texts(const Facts& facts, const LoadedElf& program) {
  Texts own = texts_of(program);
  for (const LoadedElf& other : facts.evidence.files) {
    if (&other == &program) continue;
    for (const std::string& text : texts_of(other)) own.erase(text);
  }
  const bool said = std::ranges::any_of(
      own, [&](const std::string& text) { return facts.evidence.transcript.find(text) != std::string_view::npos; });
  if (said) return std::nullopt;
  return own.size();
}

// Of a CPU at EL0: the program whose vectors take its system calls, and so has started it.
const LoadedElf* kernel_below(const Facts& facts, CpuState cpu) {
  constexpr std::uint32_t kEl1WithSpEl1 = 0x3c5;  // SPSR_ELx, M: EL1h, DAIF set
  cpu.pstate = kEl1WithSpEl1;
  const auto vectors = system_register(cpu, "VBAR", 1);
  constexpr std::uint64_t kSynchronousFromEl0 = 0x400;  // DDI 0487, D1.3.1.5: the vector of lower levels, AArch64
  return vectors ? file_of(facts, cpu, *vectors + kSynchronousFromEl0) : nullptr;
}

}  // namespace

// A program that came as far as its idle loop, or to its user code, and of whose words the console has none.
std::optional<RootCause> mute_kernel(const Facts& facts) {
  if (facts.cpus.empty() || facts.syndrome || facts.record) return std::nullopt;
  const CpuFacts& cpu = facts.cpus.front();
  const bool user = cpu.level == 0;
  if (!is_at_rest(activity_of(facts, 0).doing)) return std::nullopt;
  const LoadedElf* program = user ? kernel_below(facts, cpu.state) : file_of(facts, cpu.state, cpu.state.pc);
  if (program == nullptr) return std::nullopt;
  const auto texts = unsaid_texts(facts, *program);
  // A program of few words may be silent by design, unless it has done all of its work.
  if (!texts || (*texts < kTextsNeeded && !user)) return std::nullopt;
  const std::string name = program->path().filename().string();
  if (*texts < kTextsNeeded) {
    return RootCause{"mute-kernel",
                     fmt::format("{} has come as far as user code ({:#x}, EL0) without a word, and has none to say: it "
                                 "is built without console output",
                                 name, cpu.state.pc),
                     "build it with its console output on (of seL4: KernelPrinting, which KernelVerificationBuild=ON "
                     "drops), or expect what the user code prints"};
  }
  return RootCause{
      "mute-kernel",
      fmt::format("{} runs and has come to rest at {} (EL{}), but of its {} texts none is on the console", name,
                  code_symbol(facts, cpu.state.pc), cpu.level, *texts),
      "open the console before anything else, at the address that this target's UART has, and print at once"};
}

}  // namespace bootrig
