#include "triage/code_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/backtrace.h"
#include "triage/code_view.h"

namespace bootrig {
namespace {

constexpr std::size_t kCpusShown = 4;

using Translate = std::function<std::optional<std::uint64_t>(std::uint64_t address)>;

Result<void> read_memory(const Facts& facts, const Translate& translate, std::uint64_t address,
                         std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::size_t count = std::min<std::uint64_t>(out.size(), kPage - address % kPage);
    const auto physical = translate(address);
    if (!physical || facts.memory == nullptr) return fail(fmt::format("{:#x} does not translate", address));
    BOOTRIG_TRY_VOID(facts.memory->read(*physical, out.first(count)));
    out = out.subspan(count);
    address += count;
  }
  return {};
}

ReadVirtual read_stack(const Facts& facts, Translate translate) {
  return [&facts, translate = std::move(translate)](std::uint64_t address, std::span<std::uint8_t> out) {
    return read_memory(facts, translate, address, out);
  };
}

// EL2's lower half shows what is linked in the upper.
std::uint64_t to_linked(const Facts& facts, std::uint64_t address) {
  const SymbolTable* symbols = facts.evidence.symbols;
  const bool moved = symbols != nullptr && symbols->name_of(address).empty() && !code_name(facts, address).empty();
  return moved ? kUpperHalf : 0;
}

ReadVirtual read_code(const Facts& facts, Translate translate) {
  return [&facts, translate = std::move(translate)](std::uint64_t address, std::span<std::uint8_t> out) {
    for (const LoadedElf& file : facts.evidence.files) {
      if (file.read_virtual(address | to_linked(facts, address), out)) return Result<void>();
    }
    return read_memory(facts, translate, address, out);
  };
}

CodeNames names_at(const Facts& facts, std::uint64_t address) {
  return {facts.evidence.symbols, facts.evidence.lines, to_linked(facts, address)};
}

void add_view(const Facts& facts, std::uint64_t address, const Translate& translate, CodeSpan span,
              Diagnosis& diagnosis) {
  const ReadVirtual read = read_code(facts, translate);
  std::array<std::uint8_t, 4> instruction;
  if (!read(address & ~std::uint64_t{3}, instruction)) return;
  const auto lines = code_view(address, read, names_at(facts, address), span);
  diagnosis.code.insert(diagnosis.code.end(), lines.begin(), lines.end());
}

std::optional<std::uint64_t> function_at(const Facts& facts, std::uint64_t address) {
  const std::uint64_t moved = to_linked(facts, address);
  const SymbolTable* symbols = facts.evidence.symbols;
  const Symbol* symbol = symbols == nullptr ? nullptr : symbols->find(address | moved);
  if (symbol != nullptr) return symbol->address & ~moved;
  const auto in_file = [&](const LoadedElf& file) { return file.segment_at_virtual(address) != nullptr; };
  return std::ranges::any_of(facts.evidence.files, in_file) ? std::optional(address) : std::nullopt;
}

void add_backtrace(const Facts& facts, const CpuFrame& start, const Translate& translate, Diagnosis& diagnosis) {
  const Backtrace trace = backtrace(start, read_stack(facts, translate),
                                    [&](std::uint64_t address) { return function_at(facts, address); });
  if (trace.frames.size() < 2) return;
  for (std::size_t i = 0; i < trace.frames.size(); ++i) {
    const std::uint64_t pc = trace.frames[i].pc;
    diagnosis.backtrace.push_back(fmt::format("#{} {}", i, describe_code(pc, names_at(facts, pc))));
  }
}

// Of a CPU that has just taken the exception: the stack pointer that was in use (DDI 0487, SPSR_ELx.M[0]).
std::uint64_t stack_before(const Facts& facts) {
  const unsigned level = (facts.evidence.taken->spsr & 1) == 0 ? 0 : facts.taken_from;
  return system_register(*facts.cpu, "SP", level).value_or(0);
}

void add_exception(const Facts& facts, Diagnosis& diagnosis) {
  const Translate translated = [&](std::uint64_t address) {
    return translate(facts, address, aarch64::Access::Kind::kRead);
  };
  const bool fetch = facts.syndrome && facts.syndrome->abort && facts.syndrome->instruction;
  if (facts.elr && !fetch) add_view(facts, *facts.elr, translated, {}, diagnosis);
  if (facts.evidence.taken != nullptr && facts.cpu && facts.elr) {
    return add_backtrace(facts, {*facts.elr, facts.cpu->x[30], facts.cpu->x[29], stack_before(facts)}, translated,
                         diagnosis);
  }
  if (!facts.record || !facts.elr) return;
  const auto& x = facts.record->x;
  if (x[29] && x[30] && facts.record->sp) {
    add_backtrace(facts, {*facts.elr, *x[30], *x[29], *facts.record->sp}, translated, diagnosis);
  }
}

void add_rest(const Facts& facts, Diagnosis& diagnosis) {
  for (std::size_t i = 0; i < std::min(facts.cpus.size(), kCpusShown); ++i) {
    const CpuState& cpu = facts.cpus[i].state;
    const Translate translated = [&](std::uint64_t address) { return translate(facts, cpu, address); };
    if (!facts.cpus[i].instruction) continue;
    add_view(facts, cpu.pc, translated, {2, 2}, diagnosis);
    if (i == 0) add_backtrace(facts, {cpu.pc, cpu.x[30], cpu.x[29], cpu.sp}, translated, diagnosis);
  }
}

}  // namespace

void add_code(const Facts& facts, Diagnosis& diagnosis) {
  if (!facts.suspected.empty()) return;
  if (facts.syndrome || facts.record) return add_exception(facts, diagnosis);
  add_rest(facts, diagnosis);
}

}  // namespace bootrig
