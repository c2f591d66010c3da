#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "triage/activity.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

struct Standstill {
  std::size_t cpu = 0;  // in facts.cpus
  Activity activity;
};

// Every CPU that is on does nothing that could go on by itself. The one that spins, else the first that waits.
std::optional<Standstill> find_standstill(const Facts& facts) {
  std::optional<Standstill> found;
  for (std::size_t i = 0; i < facts.cpus.size(); ++i) {
    const Activity activity = activity_of(facts, i);
    const bool spins = activity.doing == Doing::kSpins;
    const bool waits = activity.doing == Doing::kHalted || activity.doing == Doing::kIdle;
    if (!spins && !waits && activity.doing != Doing::kOff) return std::nullopt;
    const bool better = spins && found && found->activity.doing != Doing::kSpins;
    if ((spins || waits) && (!found || better)) found = Standstill{i, activity};
  }
  return found;
}

// The memory that a spinning CPU waits for: "memory at 0x40010008 <lock>". None: it does not spin, or reads a device, or
// an interrupt may come and change what it reads.
std::optional<std::string> memory_awaited(const Facts& facts, std::size_t cpu) {
  const Activity activity = activity_of(facts, cpu);
  if (activity.doing != Doing::kSpins || !facts.cpus[cpu].irqs_masked) return std::nullopt;
  auto polled = polled_by(facts, cpu, *activity.loop);
  return polled && polled->starts_with("memory at ") ? polled : std::nullopt;
}

// The object's name in "memory at 0x40010008 <lock+0x8>": "lock"; empty: it has none.
std::string symbol_in(const std::string& awaited) {
  const std::size_t first = awaited.find('<');
  if (first == std::string::npos) return "";
  return awaited.substr(first + 1, awaited.find_first_of("+>", first) - first - 1);
}

// " (CPU 1 is off)", when a CPU waits for memory that another might write.
std::string cpus_off(const Facts& facts) {
  std::vector<unsigned> off;
  for (std::size_t i = 0; i < facts.cpus.size(); ++i) {
    if (activity_of(facts, i).doing == Doing::kOff) off.push_back(facts.cpus[i].state.index);
  }
  if (off.empty()) return "";
  return fmt::format("; {} {} never been turned on", fmt::format("CPU {}", fmt::join(off, ", ")),
                     off.size() == 1 ? "has" : "have");
}

// Who was to end the loop. A timer that is due is no proof of a handler that writes what is polled while a CPU that could
// write it is off.
std::string change_of(const std::optional<std::string>& polled, bool cpu_is_off, bool interrupt_is_due) {
  constexpr std::string_view kUnmask =
      "unmask IRQs before the loop (msr daifclr, #2), so that the interrupt can be taken";
  if (cpu_is_off) {
    return fmt::format("find who was to write {}: if it is a CPU that is off, turn it on before (PSCI CPU_ON){}",
                       *polled, interrupt_is_due ? fmt::format("; if it is an interrupt's handler, {}", kUnmask) : "");
  }
  if (interrupt_is_due) return std::string(kUnmask);
  return polled ? fmt::format("find why {} never gets the value that the loop waits for", *polled)
                : "find what was to end the loop; nothing in it can";
}

}  // namespace

// A loop that polls is named for what it polls, one under masked interrupts for the interrupt that is due. A loop that
// changes nothing is the end of the boot whatever its purpose; only what would have ended it may be unknown.
std::optional<RootCause> hang(const Facts& facts) {
  const auto found = find_standstill(facts);
  if (!found || found->activity.doing != Doing::kSpins) return std::nullopt;
  const CpuFacts& cpu = facts.cpus[found->cpu];
  const Loop& loop = *found->activity.loop;
  const auto due = cpu.irqs_masked ? due_timers(cpu.state) : std::vector<std::string>{};
  const auto polled = polled_by(facts, found->cpu, loop);
  std::string what = fmt::format("CPU {} goes round the loop at {} for ever: {} instructions, no register changes",
                                 cpu.state.index, code_symbol(facts, loop.first), loop.code.size());
  if (polled) what += fmt::format("; it reads {}, which does not change", *polled);
  const std::string off = polled && polled->starts_with("memory at ") ? cpus_off(facts) : "";
  what += off;
  if (!due.empty()) what += fmt::format("; IRQs are masked, and {} is due", fmt::join(due, " and "));
  return RootCause{"hang", what, change_of(polled, !off.empty(), !due.empty())};
}

// Two or more that poll memory while no CPU moves: nobody is left to write it.
std::optional<RootCause> cpu_deadlock(const Facts& facts) {
  if (!find_standstill(facts)) return std::nullopt;
  std::vector<std::string> waits, symbols;
  for (std::size_t i = 0; i < facts.cpus.size(); ++i) {
    const auto awaited = memory_awaited(facts, i);
    if (!awaited) continue;
    const CpuState& state = facts.cpus[i].state;
    waits.push_back(fmt::format("CPU {} at {} for {}", state.index, code_symbol(facts, state.pc), *awaited));
    symbols.push_back(symbol_in(*awaited));
  }
  if (waits.size() < 2) return std::nullopt;
  const bool one_object = !symbols.front().empty() &&
                          std::ranges::count(symbols, symbols.front()) == static_cast<std::ptrdiff_t>(symbols.size());
  return RootCause{
      "cpu-deadlock", fmt::format("CPUs wait for each other: {}; no CPU is left to change it", fmt::join(waits, ", ")),
      one_object ? fmt::format("all of them wait for {}: find who took it last and never gave it back", symbols.front())
                 : "let all CPUs take the locks in one order, and find which of them kept what the other "
                   "waits for"};
}

// A CPU that waits with interrupts masked may be meant to: a halt. That a timer was set, and came, and is never taken,
// shows that it was not.
std::optional<RootCause> deadlock_in_wfi(const Facts& facts) {
  const auto found = find_standstill(facts);
  if (!found || found->activity.doing == Doing::kSpins) return std::nullopt;
  const CpuFacts& cpu = facts.cpus[found->cpu];
  const auto& last_look = facts.looks.back();
  const auto due = due_timers(cpu.state);
  if (due.empty() || found->cpu >= last_look.size() || due_timers(last_look[found->cpu].state) != due) {
    return std::nullopt;
  }
  const std::string what = fmt::format("CPU {} waits at {} for an interrupt; {} is due", cpu.state.index,
                                       code_symbol(facts, cpu.state.pc), fmt::join(due, " and "));
  if (found->activity.doing == Doing::kHalted) {
    return RootCause{"deadlock-in-wfi", what + ", and IRQs are masked: it wakes and never takes the interrupt",
                     "unmask IRQs around the wait (msr daifclr, #2), so that the interrupt is taken"};
  }
  return RootCause{"deadlock-in-wfi", what + ", and although IRQs are not masked it is never taken",
                   "enable the timer's interrupt in the interrupt controller: its group, priority and CPU interface"};
}

}  // namespace bootrig
