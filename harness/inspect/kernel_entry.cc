// Is the kernel's entry mapped by the tables that the image brings with it, and the loader's own, which has to go on once
// it has turned them on? The tables are walked in the image's own bytes, as the hardware will.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "aarch64/walk.h"
#include "inspect/boot_tables.h"
#include "inspect/findings.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;
using aarch64::Regime;
using aarch64::WalkResult;
using aarch64::WalkStep;

constexpr std::uint64_t kPage = 4096, kTableBits = 3, kAccessFlag = 1 << 10;
// What loaders set where the code does not tell: 48 bits both ways, 4 KiB tables (DDI 0487, TCR_EL1, TCR_EL2).
constexpr std::uint64_t kUsualTcrEl1 = 0xb5103510, kUsualTcrEl2 = 0x80803510;
// IPS and PS: 48 bits. Loaders take it from the CPU.
constexpr std::uint64_t kIps = std::uint64_t{5} << 32, kIpsMask = std::uint64_t{7} << 32;
constexpr std::uint64_t kPs = std::uint64_t{5} << 16, kPsMask = std::uint64_t{7} << 16;
constexpr std::uint64_t kSctlr = 1 | 1 << 2 | 1 << 12;  // M, C, I
constexpr std::size_t kCandidatesMax = 4096;

struct Entry {
  std::string program;                    // "kernel", "loader"
  std::uint64_t address = 0;              // virtual
  std::optional<std::uint64_t> leads_to;  // where the kernel's ELF has it; none: into one of the copied regions
  std::string whence;
};

std::optional<Entry> entry_of(const ImageContents& contents) {
  if (contents.loader) {
    return Entry{"kernel", contents.loader->kernel_entry, std::nullopt,
                 fmt::format("the loader's table at byte {:#x}", contents.loader->offset)};
  }
  const EmbeddedProgram* kernel = embedded_kernel(contents);
  if (kernel == nullptr) return std::nullopt;
  for (const ElfSegment& segment : kernel->elf.segments) {
    const std::uint64_t into = kernel->elf.entry - segment.virtual_address;
    if (into < segment.memory_size && segment.virtual_address != segment.physical_address) {
      return Entry{"kernel", kernel->elf.entry, segment.physical_address + into, kernel->name};
    }
  }
  return std::nullopt;
}

// The loader runs where it lies, so its tables must be flat there. Others than that of a known kind may leave another way.
std::optional<Entry> loader_entry_of(const ImageContents& contents) {
  if (!contents.loader || !contents.entry) return std::nullopt;
  return Entry{"loader", *contents.entry, *contents.entry, "where the image is entered"};
}

// Memory with one word replaced.
class Patched : public MemoryReader {
 public:
  Patched(MemoryReader& memory, std::uint64_t address, std::uint64_t value)
      : memory_(memory), address_(address), value_(value) {}
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    BOOTRIG_TRY_VOID(memory_.read(address, out));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t into = address + i - address_;
      if (into < sizeof value_) out[i] = static_cast<std::uint8_t>(value_ >> (8 * into));
    }
    return {};
  }

 private:
  MemoryReader& memory_;
  std::uint64_t address_, value_;
};

class EntryCheck {
 public:
  EntryCheck(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
             std::vector<Finding>& findings)
      : contents_(contents),
        symbols_(symbols),
        findings_(findings),
        memory_(contents, bytes),
        tables_(find_boot_tables(contents, bytes, symbols)) {}

  void check(const Entry& kernel, const std::optional<Entry>& loader) {
    entry_ = kernel;
    for_el1_ = aarch64::bit(kernel.address, 55);
    if (tables_.roots.empty()) {
      note("boot-tables-unknown", "where the image has its boot tables cannot be told from its code or symbols");
      return;
    }
    if (std::ranges::all_of(tables_.roots, [&](const auto& root) { return empty(root.table); })) {
      note("boot-tables-at-run-time",
           "the image's boot tables are empty and filled when it runs: whether they map the kernel's entry cannot be "
           "told before");
      return;
    }
    check_entry();
    if (!loader) return;
    entry_ = *loader;
    check_entry();
  }

 private:
  void check_entry() {
    // An address of the upper half goes by TTBR1 of EL1. One of the lower half is of EL2, or of EL1.
    const bool upper = aarch64::bit(entry_.address, 55);
    if (upper) {
      if (const auto* root = tables_.root(TableRegister::kTtbr1El1)) tell(*root, walk(*root));
      return;
    }
    const auto* at_el2 = tables_.root(TableRegister::kTtbr0El2);
    const auto* at_el1 = tables_.root(TableRegister::kTtbr0El1);
    if (for_el1_) at_el2 = nullptr;
    if (at_el2 != nullptr && at_el1 != nullptr && right(walk(*at_el1))) return;
    if (const auto* root = at_el2 != nullptr ? at_el2 : at_el1) tell(*root, walk(*root));
  }

  bool empty(std::uint64_t table) {
    std::array<std::uint8_t, kPage> page{};
    return memory_.read(table, page) && std::ranges::all_of(page, [](std::uint8_t byte) { return byte == 0; });
  }

  aarch64::TranslationRegisters registers(TableRegister name) const {
    if (name == TableRegister::kTtbr0El2) {
      return {.sctlr = kSctlr,
              .tcr = (tables_.tcr_el2.value_or(kUsualTcrEl2) & ~kPsMask) | kPs,
              .ttbr0 = tables_.root(name)->table,
              .mair = tables_.mair_el2.value_or(0)};
    }
    const auto* lower = tables_.root(TableRegister::kTtbr0El1);
    const auto* upper = tables_.root(TableRegister::kTtbr1El1);
    return {.sctlr = kSctlr,
            .tcr = (tables_.tcr_el1.value_or(kUsualTcrEl1) & ~kIpsMask) | kIps,
            .ttbr0 = lower != nullptr ? lower->table : 0,
            .ttbr1 = upper != nullptr ? upper->table : 0,
            .mair = tables_.mair_el1.value_or(0)};
  }

  WalkResult walk_in(const BootTables::Root& root, MemoryReader& memory) const {
    const bool el2 = root.name == TableRegister::kTtbr0El2;
    const aarch64::Access access{.kind = aarch64::Access::Kind::kExecute, .from_level = el2 ? 2u : 1u};
    return aarch64::walk(registers(root.name), el2 ? Regime::kEl2 : Regime::kEl10, entry_.address, access, memory);
  }
  WalkResult walk(const BootTables::Root& root) { return walk_in(root, memory_); }

  // It leads to where the kernel is.
  bool right(const WalkResult& result) const {
    if (!result.address) return false;
    return entry_.leads_to ? *result.address == *entry_.leads_to : is_copied(*result.address);
  }

  bool is_copied(std::uint64_t address) const {
    return std::ranges::any_of(contents_.regions, [&](const ImageRegion& region) {
      return region.kind == ImageRegion::Kind::kCopied && region.contains(address);
    });
  }

  std::string place(std::uint64_t address) const {
    const std::string name = symbols_.name_of(address);
    return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} <{}>", address, name);
  }

  std::string in_file(std::uint64_t address) const {
    const ImageRegion* region = contents_.loaded_at(address);
    if (region == nullptr) return "outside the image";
    const std::uint64_t into = address - region->address;
    return into < region->file_size ? fmt::format("byte {:#x} of the file", region->file_offset + into)
                                    : std::string("not in the file: zero in memory");
  }

  std::vector<std::string> evidence(const BootTables::Root& root, const WalkResult& result) const {
    std::vector<std::string> lines = {entry_text(),
                                      fmt::format("{} {}, from {}", to_text(root.name), place(root.table), root.how)};
    const bool known =
        root.name == TableRegister::kTtbr0El2 ? tables_.tcr_el2.has_value() : tables_.tcr_el1.has_value();
    if (!known) lines.emplace_back("the TCR is not told by the code: 48 bits and 4 KiB tables are assumed");
    for (const WalkStep& step : result.steps) {
      lines.push_back(fmt::format("L{}[{:#x}] at {} = {:#x}  {}  ({})", step.level, step.index, place(step.address),
                                  step.descriptor, step.meaning, in_file(step.address)));
    }
    return lines;
  }

  // Whether a word of the image is a table descriptor of this table.
  bool linked(std::uint64_t table) {
    for (const ImageRegion& region : contents_.regions) {
      if (region.kind != ImageRegion::Kind::kLoaded) continue;
      std::array<std::uint8_t, kPage> page{};
      for (std::uint64_t at = (region.address + kPage - 1) & ~(kPage - 1); region.contains(at); at += kPage) {
        if (!memory_.read(at, page)) continue;
        for (std::size_t i = 0; i < kPage; i += sizeof table) {
          std::uint64_t word = 0;
          for (std::size_t byte = 0; byte < sizeof word; ++byte) word |= std::uint64_t{page[i + byte]} << (8 * byte);
          if (word == (table | kTableBits)) return true;
        }
      }
    }
    return false;
  }

  struct Candidate {
    std::uint64_t table = 0;
    std::size_t steps = 0;  // of the walk that it would complete
  };

  // The tables in the image that would complete the walk if the descriptor at fault pointed to them.
  std::vector<Candidate> candidates(const BootTables::Root& root, const WalkStep& last) {
    std::vector<Candidate> found;
    std::size_t looked = 0;
    for (const ImageRegion& region : contents_.regions) {
      if (region.kind != ImageRegion::Kind::kLoaded) continue;
      for (std::uint64_t table = (region.address + kPage - 1) & ~(kPage - 1);
           region.contains(table) && looked < kCandidatesMax; table += kPage, ++looked) {
        if (empty(table)) continue;
        Patched patched(memory_, last.address, table | kTableBits);
        const WalkResult result = walk_in(root, patched);
        if (right(result)) found.push_back({table, result.steps.size()});
      }
    }
    return found;
  }

  // The one that was meant; 0: none, or that cannot be told. Those that nothing points to yet come first. Then the
  // longest walk counts: a table of a lower level, taken for one of a higher, can seem to lead there by blocks that are
  // too large.
  std::uint64_t missing_table(const BootTables::Root& root, const WalkStep& last) {
    std::vector<Candidate> found = candidates(root, last);
    std::vector<Candidate> free;
    std::ranges::copy_if(found, std::back_inserter(free), [this](const auto& c) { return !linked(c.table); });
    if (!free.empty()) found = free;
    const auto longest = std::ranges::max_element(found, {}, &Candidate::steps);
    if (longest == found.end()) return 0;
    return std::ranges::count(found, longest->steps, &Candidate::steps) == 1 ? longest->table : 0;
  }

  // Where the entry would be found if its index of the table at fault were another: then the entry may be wrong as well
  // as the table. Several places tell nothing.
  std::optional<std::uint64_t> entry_elsewhere(const BootTables::Root& root, const WalkStep& last) {
    constexpr unsigned kIndexBits = 9, kPageBits = 12, kEntries = 1 << kIndexBits;
    const unsigned shift = kPageBits + kIndexBits * static_cast<unsigned>(3 - last.level);
    const std::uint64_t wanted = entry_.address;
    if (entry_.leads_to == wanted) return std::nullopt;  // a loader's: it is where it is
    std::vector<std::uint64_t> found;
    for (std::uint64_t index = 0; index < kEntries && last.level >= 0; ++index) {
      entry_.address = wanted + ((index - last.index) << shift);
      const WalkResult result = walk(root);
      // A flat map leads everywhere; and in a map whose one entry is missing, the others lead into the same program.
      if (!right(result) || *result.address == entry_.address) continue;
      if (!is_copied(*result.address - (entry_.address - wanted))) found.push_back(entry_.address);
    }
    entry_.address = wanted;
    return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
  }

  std::string change(const BootTables::Root& root, const WalkResult& result) {
    std::string text = change_of_tables(root, result);
    const bool missing = result.fault && result.fault->status.kind == aarch64::FaultKind::kTranslation;
    const auto elsewhere = missing && !result.steps.empty() ? entry_elsewhere(root, result.steps.back()) : std::nullopt;
    if (!elsewhere) return text;
    const std::string at = fmt::format("the {}'s entry, from {}, must be {:#x}, where the tables have it",
                                       entry_.program, entry_.whence, *elsewhere);
    // The program's own symbols tell which of the two is wrong.
    const bool told = !symbols_.name_of(*elsewhere).empty() && symbols_.name_of(entry_.address).empty();
    return told ? at : fmt::format("{}; or, where that entry is right, {}", at, text);
  }

  std::string change_of_tables(const BootTables::Root& root, const WalkResult& result) {
    if (result.steps.empty()) return "";
    const WalkStep& last = result.steps.back();
    const std::string descriptor = fmt::format("the descriptor at {}", place(last.address));
    if (result.fault && result.fault->status.kind == aarch64::FaultKind::kAccessFlag) {
      return fmt::format("{} must be {:#x}: with its access flag, bit 10", descriptor, last.descriptor | kAccessFlag);
    }
    if (result.fault && result.fault->status.kind != aarch64::FaultKind::kTranslation) return "";
    if (!result.fault) return fmt::format("{} must lead to where the {} is loaded", descriptor, entry_.program);
    const std::uint64_t table = last.level < 3 ? missing_table(root, last) : 0;
    if (table == 0) return fmt::format("{} must lead to the {}", descriptor, entry_.program);
    const std::string name = symbols_.name_of(table);
    return fmt::format("{} must hold the table descriptor {:#x}{}", descriptor, table | kTableBits,
                       name.empty() ? "" : fmt::format(" ({} | 3)", name));
  }

  void tell(const BootTables::Root& root, const WalkResult& result) {
    if (result.unreadable) {
      note("boot-tables-unknown",
           fmt::format("the walk from {} leaves the image: {}", to_text(root.name), to_text(*result.unreadable)));
      return;
    }
    if (right(result)) return;
    Finding finding;
    finding.evidence = evidence(root, result);
    if (result.fault) {
      finding.name = entry_.program + "-not-mapped";
      finding.what = fmt::format("the image's boot tables do not let the {}'s entry {:#x} be executed: {}",
                                 entry_.program, entry_.address, result.fault->why);
      finding.evidence.push_back(fmt::format("predicts ESR_EL{} {:#x}: {}",
                                             root.name == TableRegister::kTtbr0El2 ? 2 : 1, result.fault->esr,
                                             result.fault->status.text));
    } else {
      finding.name = entry_.program + "-mapped-elsewhere";
      finding.what = fmt::format("the image's boot tables map the {}'s entry {:#x} to {:#x}, where {}", entry_.program,
                                 entry_.address, *result.address, where_it_is());
    }
    finding.change = change(root, result);
    finding.severity = Severity::kError;
    const bool named =
        !result.steps.empty() && tables_.named_pages.contains(result.steps.back().address & ~(kPage - 1));
    if (named) {
      finding.severity = Severity::kWarning;
      finding.evidence.push_back("the image's code names this table elsewhere, and may fill it when it runs");
    }
    findings_.push_back(std::move(finding));
  }

  std::string where_it_is() const {
    return entry_.leads_to ? fmt::format("it is not: it is loaded to {:#x}", *entry_.leads_to)
                           : std::string("its loader puts nothing");
  }

  void note(const std::string& name, const std::string& what) {
    findings_.push_back({name, Severity::kNote, what, {entry_text()}, ""});
  }

  std::string entry_text() const {
    return fmt::format("{} entry {:#x}, from {}", entry_.program, entry_.address, entry_.whence);
  }

  const ImageContents& contents_;
  const SymbolTable& symbols_;
  Entry entry_;           // that is looked at
  bool for_el1_ = false;  // the kernel is in the half that EL1 alone has
  std::vector<Finding>& findings_;
  ImageMemory memory_;
  const BootTables tables_;
};

}  // namespace

void check_kernel_entry(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                        std::vector<Finding>& findings) {
  const auto kernel = entry_of(contents);
  if (kernel) EntryCheck(contents, bytes, symbols, findings).check(*kernel, loader_entry_of(contents));
}

}  // namespace bootrig
