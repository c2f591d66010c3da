#include "triage/silence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kShown = 80;  // bytes of a line
constexpr std::size_t kCpusTold = 4;
// A shorter pause is no silence: the boot was still talking.
constexpr Duration kSilence = std::chrono::milliseconds(500);

std::string how_long(const Facts& facts) {
  if (!facts.evidence.silent_for) return "";
  const double seconds = to_seconds(*facts.evidence.silent_for);
  return fmt::format(", for {:.{}f} s", seconds, seconds < 10 ? 1 : 0);
}

std::string exception_line(const Facts& facts, const CpuState& cpu, unsigned level) {
  const auto esr = system_register(cpu, "ESR", level), elr = system_register(cpu, "ELR", level);
  const auto spsr = system_register(cpu, "SPSR", level), far = system_register(cpu, "FAR", level);
  if (esr.value_or(0) == 0 && far.value_or(0) == 0) return "";
  const aarch64::Syndrome syndrome = aarch64::decode_esr(esr.value_or(0));
  std::string line = fmt::format("CPU {}: the last exception taken to EL{}: {} (ESR_EL{} {:#x})", cpu.index, level,
                                 esr.value_or(0) == 0 ? "none" : aarch64::summary(syndrome), level, esr.value_or(0));
  if (elr) line += fmt::format(", ELR {}", code_symbol(facts, *elr));
  if (spsr) line += fmt::format(", SPSR {:#x}", *spsr);
  if (far && *far != 0) line += fmt::format(", FAR {:#x}{}", *far, syndrome.far_valid ? "" : ", of an abort before it");
  return line;
}

}  // namespace

bool said_nothing(const Facts& facts) {
  return trim(facts.evidence.transcript).empty();
}

std::string_view last_words(const Facts& facts) {
  const std::string_view said = trim(facts.evidence.transcript);
  return trim(said.substr(said.rfind('\n') + 1));
}

bool ends_within_a_line(const Facts& facts) {
  const std::string_view text = facts.evidence.transcript;
  return !trim(text.substr(text.rfind('\n') + 1)).empty();
}

bool is_untouched(const CpuState& cpu) {
  const auto zero = [](std::uint64_t value) { return value == 0; };
  if (!std::ranges::all_of(cpu.x, zero) || cpu.sp != 0) return false;
  for (const char* name : {"ESR", "ELR", "FAR"}) {
    for (unsigned level = 1; level <= 3; ++level) {
      if (system_register(cpu, name, level).value_or(0) != 0) return false;
    }
  }
  return true;
}

bool is_off(const CpuFacts& cpu) {
  return cpu.state.index > 0 && is_untouched(cpu.state) && cpu.instruction.value_or(0) == 0;
}

bool holds_zeroes(const Facts& facts, std::uint64_t address, std::size_t bytes) {
  std::vector<std::uint8_t> read(bytes, 1);
  if (facts.memory == nullptr || !facts.memory->read(address, read)) return false;
  return std::ranges::all_of(read, [](std::uint8_t byte) { return byte == 0; });
}

std::string uart_at(const Facts& facts, std::uint64_t address) {
  const MemoryRegion* region = find_region(facts.map, address);
  if (region == nullptr || region->memory) return "";
  for (const char* name : {"pl011", "serial", "uart"}) {
    if (region->name.contains(name)) return region->name;
  }
  return "";
}

std::vector<std::string> silence_lines(const Facts& facts) {
  const bool timed_out = facts.evidence.stopped_for == StoppedFor::kTime;
  const bool ended_mute = facts.evidence.stopped_for == StoppedFor::kGuest && said_nothing(facts);
  if ((!timed_out && !ended_mute) || facts.record) return {};
  if (ended_mute) return {"silence: no output at all before the guest ended by itself"};
  if (said_nothing(facts)) return {fmt::format("silence: no output at all{}", how_long(facts))};
  const std::string last = printable(last_words(facts).substr(0, kShown));
  if (facts.evidence.silent_for && *facts.evidence.silent_for < kSilence) {
    return {fmt::format("no silence: the console was still talking, its last line is '{}'", last)};
  }
  return {fmt::format("silence: nothing since '{}'{}{}", last,
                      ends_within_a_line(facts) ? ", a line without an end" : "", how_long(facts))};
}

std::vector<std::string> last_exception_lines(const Facts& facts) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(facts.cpus.size(), kCpusTold); ++i) {
    const std::size_t before = lines.size();
    for (unsigned level = 3; level >= 1; --level) {
      std::string line = exception_line(facts, facts.cpus[i].state, level);
      if (!line.empty()) lines.push_back(std::move(line));
    }
    if (lines.size() == before && !is_untouched(facts.cpus[i].state)) {
      lines.push_back(fmt::format("CPU {} has taken no exception that left a syndrome", facts.cpus[i].state.index));
    }
  }
  return lines;
}

}  // namespace bootrig
