#include "triage/activity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "triage/silence.h"

namespace bootrig {
namespace {

constexpr unsigned kLoopInstructions = 32;

// The distance of a direct branch that is no call, in bytes (DDI 0487, C4.1: Branches). None: another instruction.
std::optional<std::int64_t> branch_distance(std::uint32_t code) {
  const auto field = [code](unsigned low, unsigned bits) {
    const std::int64_t value = (code >> low) & ((1u << bits) - 1);
    return 4 * (value >= (std::int64_t{1} << (bits - 1)) ? value - (std::int64_t{1} << bits) : value);
  };
  if ((code & 0xfc000000) == 0x14000000) return field(0, 26);  // B
  if ((code & 0xff000010) == 0x54000000) return field(5, 19);  // B.cond
  if ((code & 0x7e000000) == 0x34000000) return field(5, 19);  // CBZ, CBNZ
  if ((code & 0x7e000000) == 0x36000000) return field(5, 14);  // TBZ, TBNZ
  return std::nullopt;
}

// MSR DAIFClr with I among its bits, or a write of DAIF as a whole (DDI 0487, MSR (immediate), DAIF).
bool may_unmask(std::uint32_t code) {
  return (code & 0xfffff0ff) == 0xd50340ff ? ((code >> 8) & 2) != 0 : (code & 0xffffffe0) == 0xd51b4220;
}

bool waits_in(const Loop& loop) {
  constexpr std::uint32_t kWfe = 0xd503205f, kWfi = 0xd503207f;  // DDI 0487, WFE, WFI
  return std::ranges::any_of(loop.code, [](std::uint32_t code) { return code == kWfe || code == kWfi; });
}

std::vector<const CpuFacts*> all_looks(const Facts& facts, std::size_t cpu) {
  std::vector<const CpuFacts*> looks;
  if (facts.looks.empty() || cpu >= facts.cpus.size()) return looks;
  looks.push_back(&facts.cpus[cpu]);
  for (const auto& look : facts.looks) {
    if (cpu < look.size()) looks.push_back(&look[cpu]);
  }
  return looks;
}

// The smallest loop around all places at which the CPU was seen.
std::optional<Loop> find_loop(const Facts& facts, const std::vector<const CpuFacts*>& looks) {
  const auto [lowest, highest] = std::ranges::minmax(looks, {}, [](const CpuFacts* look) { return look->state.pc; });
  const std::uint64_t first = lowest->state.pc, last = highest->state.pc;
  for (std::uint64_t at = first; at < first + 4 * kLoopInstructions; at += 4) {
    const auto code = read_instruction(facts, lowest->state, at);
    if (!code) return std::nullopt;
    const auto distance = branch_distance(*code);
    const std::uint64_t target = at + static_cast<std::uint64_t>(distance.value_or(4));
    if (target > first || at < last || at - target >= 4 * kLoopInstructions) continue;
    Loop loop{.first = target, .code = {}};
    for (std::uint64_t in = target; in <= at; in += 4) {
      const auto word = read_instruction(facts, lowest->state, in);
      if (!word) return std::nullopt;
      loop.code.push_back(*word);
    }
    return loop;
  }
  return std::nullopt;
}

// Looks at the same PC found the same registers, and there are two such looks.
bool stands_still(const std::vector<const CpuFacts*>& looks) {
  bool compared = false;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    for (std::size_t j = i + 1; j < looks.size(); ++j) {
      if (looks[i]->state.pc != looks[j]->state.pc) continue;
      if (looks[i]->state.x != looks[j]->state.x || looks[i]->state.sp != looks[j]->state.sp) return false;
      compared = true;
    }
  }
  return compared;
}

Doing doing_in(const Loop& loop, const std::vector<const CpuFacts*>& looks) {
  if (!waits_in(loop)) return stands_still(looks) ? Doing::kSpins : Doing::kMoves;
  const bool masked = std::ranges::all_of(looks, [](const CpuFacts* look) { return look->irqs_masked; });
  return masked && std::ranges::none_of(loop.code, may_unmask) ? Doing::kHalted : Doing::kIdle;
}

// LDXR, LDAXR, LDAR: as locks are read (DDI 0487, C4.1: Load/store exclusive, Load/store ordered). They have no offset.
bool loads_exclusive_or_ordered(std::uint32_t code) {
  const std::uint32_t load = code & 0x3ffffc00;
  return load == 0x085f7c00 || load == 0x085ffc00 || load == 0x08dffc00;
}

// Where a load of the loop reads from, virtual: LDR and its kin with an unsigned offset (DDI 0487, LDR (immediate)), or
// one of those of locks, whose base no instruction of the loop writes.
std::optional<std::uint64_t> load_address(const Loop& loop, const CpuState& cpu) {
  for (const std::uint32_t code : loop.code) {
    const bool of_lock = loads_exclusive_or_ordered(code);
    if ((code & 0x3fc00000) != 0x39400000 && !of_lock) continue;
    const unsigned base = (code >> 5) & 31;
    const auto writes_base = [base](std::uint32_t other) { return !branch_distance(other) && (other & 31) == base; };
    if (base == 31 || std::ranges::any_of(loop.code, writes_base)) continue;
    if (of_lock) return cpu.x[base];
    return cpu.x[base] + (std::uint64_t{(code >> 10) & 0xfff} << (code >> 30));
  }
  return std::nullopt;
}

std::string text_of(const Facts& facts, std::size_t cpu, const Activity& activity) {
  switch (activity.doing) {
    case Doing::kUser:
      return "runs user code";
    case Doing::kMoves:
      return "runs on";
    case Doing::kIdle:
      return "is idle: it waits for an interrupt, and takes it when one comes; what was awaited did not come";
    case Doing::kHalted:
      return "waits with IRQs masked, in a loop that never unmasks them";
    case Doing::kSpins: {
      const auto polled = polled_by(facts, cpu, *activity.loop);
      return fmt::format("goes round a loop of {} instructions and changes nothing{}", activity.loop->code.size(),
                         polled ? "; it reads " + *polled : "");
    }
    case Doing::kUnknown:
    case Doing::kOff:
      break;
  }
  return "";
}

}  // namespace

Activity activity_of(const Facts& facts, std::size_t cpu) {
  const auto looks = all_looks(facts, cpu);
  if (looks.empty()) return {};
  const CpuFacts& first = *looks.front();
  const bool fetched = std::ranges::all_of(looks, [](const CpuFacts* look) { return look->instruction.has_value(); });
  const bool moved = std::ranges::any_of(looks, [&](const CpuFacts* look) { return look->state.pc != first.state.pc; });
  // A CPU that is off stands at its reset address with all registers zero, CPU 0's excepted: it has run.
  if (!moved && is_off(first)) return {Doing::kOff, std::nullopt};
  if (std::ranges::any_of(looks, [](const CpuFacts* look) { return look->level == 0; })) {
    return {Doing::kUser, std::nullopt};
  }
  if (!fetched) return {};
  auto loop = find_loop(facts, looks);
  if (!loop) return {moved ? Doing::kMoves : Doing::kUnknown, std::nullopt};
  const Doing doing = doing_in(*loop, looks);
  return {doing, std::move(loop)};
}

std::vector<std::string> due_timers(const CpuState& cpu) {
  constexpr std::uint64_t kEnable = 1, kMasked = 2, kDue = 4;
  constexpr std::pair<const char*, const char*> kTimers[] = {{"CNTV_CTL_EL0", "the virtual timer"},
                                                             {"CNTP_CTL_EL0", "the EL1 physical timer"},
                                                             {"CNTHP_CTL_EL2", "the EL2 physical timer"}};
  std::vector<std::string> due;
  for (const auto& [name, text] : kTimers) {
    const auto found = cpu.system.find(name);
    if (found == cpu.system.end()) continue;
    if ((found->second & (kEnable | kMasked | kDue)) == (kEnable | kDue)) {
      due.push_back(fmt::format("{} ({} {:#x})", text, name, found->second));
    }
  }
  return due;
}

std::optional<std::uint64_t> polled_address(const Facts& facts, std::size_t cpu, const Loop& loop) {
  const CpuState& state = facts.cpus[cpu].state;
  const auto address = load_address(loop, state);
  return address ? translate(facts, state, *address) : std::nullopt;
}

std::optional<std::string> polled_by(const Facts& facts, std::size_t cpu, const Loop& loop) {
  const CpuState& state = facts.cpus[cpu].state;
  const auto address = load_address(loop, state);
  if (!address) return std::nullopt;
  const auto physical = polled_address(facts, cpu, loop);
  if (!physical) return std::nullopt;
  const MemoryRegion* region = find_region(facts.map, *physical);
  if (region == nullptr) return std::nullopt;
  return region->memory ? "memory at " + code_symbol(facts, *address)
                        : fmt::format("{} at {:#x}", region->name, *physical);
}

std::vector<std::string> activity_lines(const Facts& facts) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < facts.cpus.size(); ++i) {
    const std::string text = text_of(facts, i, activity_of(facts, i));
    if (text.empty()) continue;
    const auto due = facts.cpus[i].irqs_masked ? due_timers(facts.cpus[i].state) : std::vector<std::string>{};
    lines.push_back(fmt::format("CPU {} {}{}", facts.cpus[i].state.index, text,
                                due.empty() ? "" : fmt::format("; {} is due", fmt::join(due, " and "))));
  }
  return lines;
}

}  // namespace bootrig
