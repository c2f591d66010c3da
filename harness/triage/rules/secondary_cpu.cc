// CPUs that are waited for and do not come: who is missing by what the console says or the first CPU polls, and where
// each is by its registers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "triage/activity.h"
#include "triage/rules/rules.h"
#include "triage/rules/silence_rules.h"
#include "triage/silence.h"

namespace bootrig {
namespace {

constexpr std::size_t kCpusMax = 4096;  // more is no number of a CPU
constexpr std::size_t kShown = 80;      // bytes of a line

// A line that says that a CPU did not come, or that it is waited for.
struct Complaint {
  std::string_view line;
  std::optional<std::size_t> cpu;  // none: the line tells no number
};

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

// The number behind "cpu" or "core": "CPU1", "cpu 00000001", "core #2", "cpu id = 0x1".
std::optional<std::size_t> number_behind(std::string_view line, std::string_view word) {
  for (std::size_t at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
    std::string_view rest = line.substr(at + word.size());
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '#' || rest[0] == '=')) rest.remove_prefix(1);
    if (rest.starts_with("0x")) rest.remove_prefix(2);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto number = parse_count(rest.substr(0, digits));
    if (number && *number < kCpusMax) return *number;
  }
  return std::nullopt;
}

// Linux: "CPU1: failed to come online", "psci: failed to boot CPU1 (-22)"; Xen: "Failed to bring up CPU 1 (error -5)",
// "CPU1 never came online"; Microkit: "Failed to start CPU 00000001"; and what waits: "waiting for secondary cpus".
std::optional<Complaint> read_complaint(std::string_view line) {
  std::string lower(line);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!any_of(lower, {"cpu", "core", "secondar"})) return std::nullopt;
  const bool failed = any_of(
      lower, {"fail", "never", "timed out", "timeout", "unable", "could not", "cannot", "did not", "died", "refused"});
  const bool start = any_of(lower, {"online", "boot", "start", "bring", "came", "come", "power on", "wake"});
  const bool waits = any_of(lower, {"waits for", "waiting for", "wait for"});
  const bool stuck = any_of(lower, {"is stuck in kernel", "died during early boot"});
  if (!(failed && start) && !waits && !stuck) return std::nullopt;
  auto cpu = number_behind(lower, "cpu");
  if (!cpu) cpu = number_behind(lower, "core");
  if (cpu == std::size_t{0} || (!cpu && waits && !any_of(lower, {"cpus", "cores", "secondar"}))) return std::nullopt;
  return Complaint{line, cpu};
}

// A boot that went on without the CPU met something else: the first line that names one, whatever came behind it.
std::optional<Complaint> earlier_complaint(const Facts& facts) {
  for (const std::string_view line : split_lines(facts.evidence.transcript)) {
    const auto complaint = read_complaint(line);
    if (complaint && complaint->cpu && !line.contains("wait")) return complaint;
  }
  return std::nullopt;
}

std::string quoted(const Complaint& complaint) {
  return fmt::format("the console says '{}'", printable(trim(complaint.line.substr(0, kShown))));
}

// The first CPU goes round a loop over memory, and the word's name tells that it is about CPUs: "cpu_online".
std::optional<std::string> polled_for_cpus(const Facts& facts) {
  const Activity activity = activity_of(facts, 0);
  const CpuFacts& cpu = facts.cpus.front();
  if (activity.doing != Doing::kSpins || !cpu.irqs_masked || facts.cpus.size() < 2) return std::nullopt;
  if (!due_timers(cpu.state).empty()) return std::nullopt;  // then it is an interrupt that is waited for
  auto polled = polled_by(facts, 0, *activity.loop);
  if (!polled || !polled->starts_with("memory at ")) return std::nullopt;
  std::string lower = *polled;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!any_of(lower, {"cpu", "core", "secondar", "smp"})) return std::nullopt;
  return polled;
}

// Where a CPU that does not come is, and what mends it.
struct Whereabouts {
  std::string where, change;
};

Whereabouts of_none(const Facts& facts, std::size_t cpu) {
  return {fmt::format("this machine has {} CPU{}", facts.cpus.size(), facts.cpus.size() == 1 ? "" : "s"),
          fmt::format("boot it on a target with \"cpus\": {} or more (-smp), or build it for {}", cpu + 1,
                      facts.cpus.size())};
}

// The abort or the undefined instruction that it has met: none for a CPU that goes on.
std::optional<Whereabouts> of_lost(const Facts& facts, const CpuFacts& cpu) {
  const std::uint64_t esr = system_register(cpu.state, "ESR", cpu.level).value_or(0);
  const aarch64::Syndrome syndrome = aarch64::decode_esr(esr);
  const bool trouble = esr != 0 && (syndrome.abort || syndrome.ec == 0);
  if (!trouble || (!cpu.in_vectors && cpu.instruction)) return std::nullopt;
  const std::uint64_t far = system_register(cpu.state, "FAR", cpu.level).value_or(0);
  return Whereabouts{
      fmt::format("it was started and is lost in exceptions at {} (EL{}, VBAR {:#x}): {}{}",
                  code_symbol(facts, cpu.state.pc), cpu.level, cpu.vectors.value_or(0), aarch64::summary(syndrome),
                  far == 0 ? "" : fmt::format(", FAR {}", code_symbol(facts, far))),
      "check the entry that is given to CPU_ON, or written for it: it must be the physical address of code that is "
      "there"};
}

std::optional<Whereabouts> of_parked(const Facts& facts, std::size_t index) {
  const Activity activity = activity_of(facts, index);
  const bool rests =
      activity.doing == Doing::kHalted || activity.doing == Doing::kIdle || activity.doing == Doing::kSpins;
  if (!rests || !activity.loop) return std::nullopt;
  const auto polled = polled_by(facts, index, *activity.loop);
  if (!polled || !polled->starts_with("memory at ")) return std::nullopt;
  return Whereabouts{
      fmt::format("it is parked in a loop at {} that reads {}", code_symbol(facts, activity.loop->first), *polled),
      fmt::format("write there what releases it (of a spin table, the address of its entry), clean the "
                  "cache where its MMU is off, and wake it by sev; or start it by PSCI")};
}

// None: it is there and does something.
std::optional<Whereabouts> find_cpu(const Facts& facts, std::size_t index) {
  if (index >= facts.cpus.size()) return of_none(facts, index);
  const CpuFacts& cpu = facts.cpus[index];
  if (is_off(cpu)) {
    return Whereabouts{fmt::format("it is off, at {:#x}, and has never run", cpu.state.pc),
                       "start it: by PSCI's CPU_ON with the conduit and the affinity that the device tree has for it, "
                       "and look at what the call returns"};
  }
  if (auto lost = of_lost(facts, cpu)) return lost;
  return of_parked(facts, index);
}

// The CPU with that number, or the first of the others that is missing.
std::optional<std::size_t> find_missing(const Facts& facts, std::optional<std::size_t> cpu) {
  if (cpu) return find_cpu(facts, *cpu) ? cpu : std::nullopt;
  if (facts.cpus.size() == 1) return 1;
  for (std::size_t i = 1; i < facts.cpus.size(); ++i) {
    if (find_cpu(facts, i)) return i;
  }
  return std::nullopt;
}

}  // namespace

std::optional<RootCause> secondary_cpu_missing(const Facts& facts) {
  if (facts.record || facts.syndrome || facts.cpus.empty()) return std::nullopt;
  const auto complaint = read_complaint(last_words(facts));
  const auto polled = polled_for_cpus(facts);
  if (!complaint && !polled) return std::nullopt;
  const auto missing = find_missing(facts, complaint ? complaint->cpu : std::nullopt);
  if (!missing) return std::nullopt;
  const Whereabouts found = *find_cpu(facts, *missing);
  std::vector<std::string> signs;
  if (complaint) signs.push_back(quoted(*complaint));
  if (polled) {
    signs.push_back(fmt::format("CPU 0 at {} waits for {}", code_symbol(facts, facts.cpus.front().state.pc), *polled));
  }
  return RootCause{
      *missing < facts.cpus.size() ? "secondary-cpu-missing" : "cpu-not-there",
      fmt::format("CPU {} is waited for and does not come: {}; {}", *missing, found.where, fmt::join(signs, ", and ")),
      found.change};
}

std::optional<std::string> missing_cpu_line(const Facts& facts) {
  if (facts.cpus.empty()) return std::nullopt;
  const auto complaint = earlier_complaint(facts);
  const auto found = complaint ? find_cpu(facts, *complaint->cpu) : std::nullopt;
  if (!found) return std::nullopt;
  return fmt::format("CPU {} did not come: {}; {}", *complaint->cpu, found->where, quoted(*complaint));
}

}  // namespace bootrig
