#include "triage/code_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "aarch64/field.h"
#include "inspect/disassembly.h"

namespace bootrig {
namespace {

std::string fit(std::string line) {
  constexpr std::string_view kMore = "...";
  if (line.size() <= kCodeViewColumns) return line;
  return line.substr(0, kCodeViewColumns - kMore.size()).append(kMore);
}

// " <console_put+0x10>", or "" without a symbol.
std::string symbol_of(std::uint64_t address, const CodeNames& names) {
  const std::string name = names.symbols == nullptr ? "" : names.symbols->name_of(address + names.to_linked);
  return name.empty() ? "" : fmt::format(" <{}>", name);
}

// The lowest `bits` of the field, signed, in instructions.
std::uint64_t distance(std::uint32_t field, unsigned bits) {
  return aarch64::sign_extended(aarch64::bits(field, bits - 1, 0), bits) * kInstructionSize;
}

// Where a direct branch goes (DDI 0487, C4.1, Branches, Exception Generating and System instructions).
std::optional<std::uint64_t> branch_target(const Instruction& instruction) {
  const std::uint32_t word = instruction.word;
  const bool conditional = (word & 0xff000000) == 0x54000000;                              // B.cond, BC.cond
  const bool compare = (word & 0x7e000000) == 0x34000000;                                  // CBZ, CBNZ
  if ((word & 0x7c000000) == 0x14000000) return instruction.address + distance(word, 26);  // B, BL
  if (conditional || compare) return instruction.address + distance(word >> 5, 19);
  if ((word & 0x7e000000) == 0x36000000) return instruction.address + distance(word >> 5, 14);  // TBZ, TBNZ
  return std::nullopt;
}

// The instructions around `middle` that can be read, without a gap.
struct Code {
  std::uint64_t first = 0;
  std::vector<std::uint8_t> bytes;
};

Result<Code> read_code(std::uint64_t middle, const ReadVirtual& read, CodeSpan span) {
  std::array<std::uint8_t, kInstructionSize> word;
  BOOTRIG_TRY_VOID(read(middle, word));
  Code code{middle, {word.begin(), word.end()}};
  for (unsigned i = 0; i < span.before && code.first >= kInstructionSize && read(code.first - kInstructionSize, word);
       ++i) {
    code.bytes.insert(code.bytes.begin(), word.begin(), word.end());
    code.first -= kInstructionSize;
  }
  std::uint64_t next = middle + kInstructionSize;
  for (unsigned i = 0; i < span.after && next != 0 && read(next, word); ++i, next += kInstructionSize) {
    code.bytes.insert(code.bytes.end(), word.begin(), word.end());
  }
  return code;
}

}  // namespace

std::string describe_code(std::uint64_t address, const CodeNames& names) {
  std::string text = fmt::format("{:#x}{}", address, symbol_of(address, names));
  const auto line = names.lines == nullptr ? std::nullopt : names.lines->find(address + names.to_linked);
  return line ? fmt::format("{} {}:{}", text, line->file, line->line) : text;
}

std::vector<std::string> code_view(std::uint64_t address, const ReadVirtual& read, const CodeNames& names,
                                   CodeSpan span) {
  std::vector<std::string> view{fit(describe_code(address, names))};
  const std::uint64_t middle = address & ~(kInstructionSize - 1);
  const Result<Code> code = read_code(middle, read, span);
  if (!code) {
    view.push_back(fit("  no instruction can be read there: " + to_text(code.error())));
    return view;
  }
  for (const Instruction& instruction : disassemble(code->first, code->bytes)) {
    const auto target = branch_target(instruction);
    view.push_back(
        fit(fmt::format("{} {:#018x}  {:08x}  {}{}", instruction.address == middle ? '>' : ' ', instruction.address,
                        instruction.word, instruction.text, target ? symbol_of(*target, names) : "")));
  }
  return view;
}

}  // namespace bootrig
