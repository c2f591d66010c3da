#include "image/check_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "elf/elf_contents.h"
#include "image/stage_arguments.h"

namespace bootrig {
namespace {

constexpr std::size_t kNamesShown = 4;  // of undefined symbols, which may be thousands

using Findings = std::vector<std::string>;

void check_symbols(const StageArguments& wanted, const ElfContents& elf, Findings& findings) {
  std::vector<std::string> names;
  for (const ElfContents::Symbol& symbol : elf.defined) names.push_back(symbol.name);
  for (const std::string& name : wanted.all("--symbol")) {
    if (elf.find(name)) continue;
    findings.push_back(fmt::format("symbol '{0}': wanted defined, found none{1}", printable(name),
                                   printable(did_you_mean(name, names))));
  }
}

Result<void> check_entry(const StageArguments& wanted, const ElfContents& elf, Findings& findings) {
  if (!wanted.has("--entry")) return {};
  BOOTRIG_TRY(const std::string text, wanted.one("--entry"));
  const std::string found = fmt::format("{:#x}", elf.entry);
  if (text.starts_with("0x")) {
    BOOTRIG_TRY(const std::uint64_t address, parse_address(text));
    if (address != elf.entry) findings.push_back(fmt::format("entry: wanted {:#x}, found {}", address, found));
  } else if (const auto* symbol = elf.find(text); !symbol) {
    findings.push_back(fmt::format("entry: wanted '{}', found no such symbol", printable(text)));
  } else if (symbol->address != elf.entry) {
    findings.push_back(fmt::format("entry: wanted '{}' at {:#x}, found {}", printable(text), symbol->address, found));
  }
  return {};
}

Result<void> check_size(const StageArguments& wanted, std::uint64_t found, Findings& findings) {
  if (!wanted.has("--size-at-most")) return {};
  BOOTRIG_TRY(const std::string text, wanted.one("--size-at-most"));
  BOOTRIG_TRY(const std::uint64_t size, parse_size(text));
  if (found > size) findings.push_back(fmt::format("size: wanted at most {} bytes, found {}", size, found));
  return {};
}

void check_sections(const StageArguments& wanted, const ElfContents& elf, Findings& findings) {
  for (const std::string& name : wanted.all("--without-section")) {
    const auto found = std::ranges::find(elf.sections, name, &ElfContents::Section::name);
    if (found == elf.sections.end()) continue;
    findings.push_back(fmt::format("section '{}': wanted absent, found {} bytes", printable(name), found->size));
  }
}

void check_undefined(const StageArguments& wanted, const ElfContents& elf, Findings& findings) {
  if (!wanted.has("--undefined")) return;
  const std::vector<std::string> allowed = wanted.all("--undefined");  // the first is "", so that none is a list too
  std::vector<std::string> found;
  for (const std::string& name : elf.undefined) {
    if (std::ranges::find(allowed, name) == allowed.end()) found.push_back("'" + printable(name) + "'");
  }
  if (found.empty()) return;
  const std::size_t shown = std::min(found.size(), kNamesShown);
  findings.push_back(fmt::format("undefined symbols: wanted none{}, found {}{}",
                                 allowed.size() > 1 ? " but those listed" : "",
                                 fmt::join(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                                 found.size() > shown ? fmt::format(" and {} more", found.size() - shown) : ""));
}

}  // namespace

Result<void> run_check(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const StageArguments wanted,
              read_stage_arguments(words, {"--output", "--symbol", "--entry", "--size-at-most", "--without-section",
                                           "--machine", "--undefined"}));
  BOOTRIG_TRY(const std::string output, wanted.one("--output"));
  if (wanted.others.size() != 1) return fail(fmt::format("check takes one file, not {}", wanted.others.size()));
  const std::string& file = wanted.others[0];
  BOOTRIG_TRY(const std::string bytes, read_file(file));
  BOOTRIG_TRY(const ElfContents elf, read_elf_contents(file, bytes));
  Findings findings;
  if (wanted.has("--machine")) {
    BOOTRIG_TRY(const std::string machine, wanted.one("--machine"));
    if (machine != elf.machine) findings.push_back(fmt::format("machine: wanted {}, found {}", machine, elf.machine));
  }
  check_symbols(wanted, elf, findings);
  BOOTRIG_TRY_VOID(check_entry(wanted, elf, findings));
  BOOTRIG_TRY_VOID(check_size(wanted, bytes.size(), findings));
  check_sections(wanted, elf, findings);
  check_undefined(wanted, elf, findings);
  if (!findings.empty()) return fail(file, fmt::format("{}", fmt::join(findings, "; ")));
  return write_file(output, "");
}

}  // namespace bootrig
