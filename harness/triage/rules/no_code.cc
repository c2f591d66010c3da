// Execution where no code is: from the first instruction on, behind a jump that was announced, or behind any other.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "base/text.h"
#include "triage/rules/rules.h"
#include "triage/rules/silence_rules.h"
#include "triage/running_files.h"
#include "triage/silence.h"

namespace bootrig {
namespace {

// Where the first CPU was started: the entry of the file that was booted, or the begin of raw bytes. None: unknown, as
// of a firmware.
std::optional<std::uint64_t> start_of_image(const Facts& facts) {
  if (!facts.evidence.files.empty()) {
    const LoadedElf& file = facts.evidence.files.front();
    const std::uint64_t entry = file.elf().entry;
    const ElfSegment* segment = file.segment_at_virtual(entry);
    return segment == nullptr ? entry : entry - segment->virtual_address + segment->physical_address;
  }
  if (facts.evidence.loaded.empty()) return std::nullopt;
  return facts.evidence.loaded.front().first;
}

// No instruction has written a register: x0 to x30 and SP are as reset leaves them. What exceptions write does not count.
bool has_executed_nothing(const CpuState& cpu) {
  return cpu.sp == 0 && std::ranges::all_of(cpu.x, [](std::uint64_t x) { return x == 0; });
}

// What is at a physical address that no program can be at; empty: code may be there.
std::string no_code_at(const Facts& facts, std::uint64_t physical) {
  const MemoryRegion* region = find_region(facts.map, physical);
  if (facts.map.empty()) return "";
  if (region == nullptr) return "this machine has nothing";
  if (!region->memory) return fmt::format("this machine has a device, {}", region->name);
  return holds_zeroes(facts, physical) ? "memory holds zeroes" : "";
}

bool is_word(std::string_view line, std::size_t at, std::size_t size) {
  const auto letter = [&](std::size_t i) {
    return i < line.size() && std::isalpha(static_cast<unsigned char>(line[i]));
  };
  return (at == 0 || !letter(at - 1)) && !letter(at + size);
}

// The address behind the last word of the line that announces a jump: "jumping to 0x40080000". None: it announces none.
std::optional<std::uint64_t> announced_jump(std::string_view line) {
  constexpr std::string_view kVerbs[] = {"jump",     "jumping",  "jumps",   "entering",  "enters",       "branching",
                                         "branches", "starting", "booting", "executing", "transferring", "launching"};
  std::string lower(line);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t number = lower.rfind("0x");
  if (number == lower.npos) return std::nullopt;
  const bool announced = std::ranges::any_of(kVerbs, [&](std::string_view verb) {
    const std::size_t at = lower.find(verb);
    return at < number && is_word(lower, at, verb.size());
  });
  const std::size_t end = std::min(lower.find_first_not_of("0123456789abcdef_", number + 2), lower.size());
  const auto address = parse_address(std::string_view(lower).substr(number, end - number));
  return announced && address ? std::optional(*address) : std::nullopt;
}

// The first CPU is not about its work: it goes round exceptions, or stands where nothing can be fetched.
bool is_lost(const Facts& facts) {
  const CpuFacts& cpu = facts.cpus.front();
  return facts.syndrome || cpu.in_vectors || cpu.instruction.value_or(0) == 0;
}

// The physical address of one that the first CPU would fetch from, as its tables are. None: they have none.
std::optional<std::uint64_t> physical_for_first(const Facts& facts, std::uint64_t address) {
  return facts.cpus.empty() ? std::nullopt : translate(facts, facts.cpus.front().state, address);
}

}  // namespace

std::optional<RootCause> never_started(const Facts& facts) {
  if (facts.record || facts.cpus.empty() || facts.evidence.stopped_for != StoppedFor::kTime || !said_nothing(facts)) {
    return std::nullopt;
  }
  const auto start = start_of_image(facts);
  const std::string there = start ? no_code_at(facts, *start) : "";
  if (there.empty() || !has_executed_nothing(facts.cpus.front().state)) return std::nullopt;
  std::string change = "let the entry be where code is loaded (ENTRY of the linker script, the address of --load)";
  if (!facts.evidence.loaded.empty()) {
    const LoadedRange& range = facts.evidence.loaded.front();
    change += fmt::format("; the image occupies {:#x}..{:#x}", range.first, range.last);
  }
  return RootCause{"never-started",
                   fmt::format("nothing was ever executed: the CPU is started at {}, where {}; x0 to x30 and SP are as "
                               "reset has left them",
                               with_symbol(facts, *start), there),
                   change};
}

std::optional<RootCause> lost_behind_jump(const Facts& facts) {
  if (facts.record || facts.cpus.empty() || facts.evidence.stopped_for != StoppedFor::kTime) return std::nullopt;
  const auto address = announced_jump(last_words(facts));
  const auto physical = address ? physical_for_first(facts, *address) : std::nullopt;
  const std::string there = physical ? no_code_at(facts, *physical) : "";
  if (there.empty() || !is_lost(facts)) return std::nullopt;
  return RootCause{
      "lost-behind-jump",
      fmt::format("the console's last words are '{}', and at {} {}: the CPU was lost there, it is at {} now",
                  printable(last_words(facts)), code_symbol(facts, *address), there,
                  code_symbol(facts, facts.cpus.front().state.pc)),
      "load the program to where it is entered, or enter it where it is loaded: compare the address with the entry and "
      "the segments that 'bootrig inspect' shows of it"};
}

std::optional<RootCause> runs_in_zeroes(const Facts& facts) {
  // An instruction of zeroes is UDF #0 (DDI 0487, UDF).
  const bool undefined = facts.syndrome && facts.syndrome->ec == kUnknownReason && facts.suspect == nullptr;
  const bool final = facts.record || facts.evidence.stopped_for == StoppedFor::kTime;
  if (facts.evidence.files.empty()) return std::nullopt;  // what belongs there is unknown
  if (!undefined || !final || !facts.elr || !facts.code || !facts.code->address) return std::nullopt;
  if (!holds_zeroes(facts, *facts.code->address)) return std::nullopt;
  // A UDF that a file has there is meant; what it has in memory alone is data.
  const auto place = find_in_files(facts, *facts.elr, facts.taken_from);
  if (place && place->linked - place->segment->virtual_address < place->segment->file_size) return std::nullopt;
  // The vectors of a level that nobody has set are another cause.
  if (!facts.record && !facts.cpus.empty() && facts.cpus.front().in_vectors &&
      *facts.elr - *facts.cpus.front().vectors < 0x800)
    return std::nullopt;
  std::string what = fmt::format("{} was sent to {}, where memory holds zeroes and no file has code",
                                 code_at_fault(facts), code_of_exception(facts));
  if (facts.record && facts.record->x[30]) {
    what += fmt::format("; its link register has {}", code_symbol(facts, *facts.record->x[30]));
  }
  return RootCause{"runs-in-zeroes", what,
                   fmt::format("find who branches to {:#x}: the program that belongs there is not loaded, is loaded "
                               "elsewhere, or the address is wrong",
                               *facts.elr)};
}

}  // namespace bootrig
