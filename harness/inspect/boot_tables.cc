#include "inspect/boot_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "inspect/code.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kTableAddress = 0x0000fffffffff000;  // of a TTBR with 4 KiB tables; ASID and CnP are no address

// msr <register>, xN without N (DDI 0487, C5.2 and D23: op0, op1, CRn, CRm, op2 of each).
constexpr std::uint32_t kTcrEl1 = 0xd5182040, kTcrEl2 = 0xd51c2040, kMairEl1 = 0xd518a200, kMairEl2 = 0xd51ca200;
struct RegisterRow {
  TableRegister name;
  std::string_view text;
  std::uint32_t instruction;
  // Microkit's loaders: variables with the root's address; tables with well-known names.
  std::string_view variable, table;
};
constexpr std::array kRegisters = {
    RegisterRow{TableRegister::kTtbr0El1, "TTBR0_EL1", 0xd5182000, "aarch64_pt_ttbr0_el1", "boot_lvl0_lower"},
    RegisterRow{TableRegister::kTtbr1El1, "TTBR1_EL1", 0xd5182020, "aarch64_pt_ttbr1_el1", "boot_lvl0_upper"},
    RegisterRow{TableRegister::kTtbr0El2, "TTBR0_EL2", 0xd51c2000, "aarch64_pt_ttbr0_el2", "boot_lvl0_lower"},
};

struct Piece {
  std::string_view bytes;
  std::uint64_t address = 0;
};

// The image's own code: what is loaded, without the archives, programs and regions in it, which run elsewhere.
std::vector<Piece> own_code(const ImageContents& contents, std::string_view bytes) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> foreign;  // in the file: first, end
  for (const Archive& archive : contents.archives) foreign.emplace_back(archive.first, archive.first + archive.size);
  for (const EmbeddedProgram& program : contents.programs) {
    foreign.emplace_back(program.offset, program.offset + program.size);
  }
  if (contents.loader) foreign.emplace_back(contents.loader->offset, contents.loader->offset + contents.loader->there);
  std::ranges::sort(foreign);
  std::vector<Piece> pieces;
  for (const ImageRegion& region : contents.regions) {
    if (region.kind != ImageRegion::Kind::kLoaded || !region.executable) continue;
    std::uint64_t at = region.file_offset;
    const std::uint64_t end = region.file_offset + region.file_size;
    const auto add = [&](std::uint64_t until) {
      const std::uint64_t start = region.file_offset + ((at - region.file_offset + 3) & ~std::uint64_t{3});
      if (start < until) {
        pieces.push_back({bytes.substr(start, until - start), region.address + (start - region.file_offset)});
      }
    };
    for (const auto& [first, behind] : foreign) {
      if (behind <= at || first >= end) continue;
      add(std::min(first, end));
      at = std::max(at, behind);
    }
    add(end);
  }
  return pieces;
}

// Values written to one register, by all the code that writes it.
struct Writes {
  std::set<std::uint64_t> values;
  bool unknown = false;  // one of them could not be told
  std::string how;

  void add(const std::optional<Code::Constant>& constant, std::uint64_t at) {
    if (!constant) {
      unknown = true;
      return;
    }
    values.insert(constant->value);
    if (how.empty()) how = fmt::format("msr at {:#x}", at);
  }
  std::optional<std::uint64_t> only() const {
    return values.size() == 1 && !unknown ? std::optional(*values.begin()) : std::nullopt;
  }
};

// No code goes on with a word of the reserved group (DDI 0487, C4.1, op0 0000). Descriptors of tables do: their upper
// halves look like that, and their lower halves like an adrp.
bool is_data(const Code& code, std::size_t index) {
  return (code.word(index + 1) & 0x1e000000) == 0;
}

class Scan {
 public:
  void look(const Piece& piece) {
    const Code code(piece.bytes, piece.address);
    std::set<std::size_t> for_tables;  // instructions that begin a TTBR's value
    for (std::size_t i = 0; i < code.size(); ++i) {
      const std::uint32_t instruction = code.word(i) & ~std::uint32_t{31};
      if ((instruction >> 20) != 0xd51) continue;  // msr
      Writes& writes = writes_[instruction];
      const auto constant = code.constant_before(i, code.word(i) & 31);
      writes.add(constant, code.address_of(i));
      const bool table = std::ranges::find(kRegisters, instruction, &RegisterRow::instruction) != kRegisters.end();
      if (table && constant) for_tables.insert(constant->from);
    }
    for (std::size_t i = 0; i < code.size(); ++i) {
      if (for_tables.contains(i) || is_data(code, i)) continue;
      if (const auto address = code.pc_relative(i)) named_pages_.insert(address->value & ~(kPage - 1));
      if (const auto value = code.literal_value(i)) named_pages_.insert(*value & ~(kPage - 1));
    }
  }
  const Writes& of(std::uint32_t instruction) { return writes_[instruction]; }
  std::set<std::uint64_t> take_named_pages() { return std::move(named_pages_); }

 private:
  std::map<std::uint32_t, Writes> writes_;
  std::set<std::uint64_t> named_pages_;
};

const Symbol* symbol_named(const SymbolTable& symbols, std::string_view name) {
  const auto found = std::ranges::find(symbols.symbols(), name, &Symbol::name);
  return found == symbols.symbols().end() ? nullptr : &*found;
}

// By a variable that holds the root, or by the table's own name.
std::optional<BootTables::Root> root_by_symbol(const RegisterRow& row, const SymbolTable& symbols,
                                               ImageMemory& memory) {
  if (const Symbol* variable = symbol_named(symbols, row.variable)) {
    std::array<std::uint8_t, 8> bytes{};
    if (!memory.read(variable->address, bytes)) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    if (value == ~std::uint64_t{0}) return std::nullopt;  // not used
    return BootTables::Root{row.name, value & kTableAddress, fmt::format("the variable {}", row.variable)};
  }
  if (const Symbol* table = symbol_named(symbols, row.table)) {
    return BootTables::Root{row.name, table->address, fmt::format("the symbol {}", row.table)};
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(TableRegister name) {
  return std::ranges::find(kRegisters, name, &RegisterRow::name)->text;
}

const BootTables::Root* BootTables::root(TableRegister name) const {
  const auto found = std::ranges::find(roots, name, &Root::name);
  return found == roots.end() ? nullptr : &*found;
}

Result<void> ImageMemory::read(std::uint64_t address, std::span<std::uint8_t> out) {
  const ImageRegion* region = contents_.loaded_at(address);
  if (region == nullptr || region->size - (address - region->address) < out.size()) {
    return fail(fmt::format("the image has nothing at {:#x}", address));
  }
  const std::uint64_t into = address - region->address;
  const std::string_view there = bytes_.substr(region->file_offset, region->file_size);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = into + i < there.size() ? static_cast<std::uint8_t>(there[into + i]) : 0;
  }
  return {};
}

BootTables find_boot_tables(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols) {
  Scan scan;
  for (const Piece& piece : own_code(contents, bytes)) scan.look(piece);
  ImageMemory memory(contents, bytes);
  BootTables tables;
  for (const RegisterRow& row : kRegisters) {
    const Writes& writes = scan.of(row.instruction);
    if (const auto value = writes.only()) {
      tables.roots.push_back({row.name, *value & kTableAddress, writes.how});
    } else if (writes.values.empty()) {
      if (auto root = root_by_symbol(row, symbols, memory)) tables.roots.push_back(*std::move(root));
    }
  }
  tables.tcr_el1 = scan.of(kTcrEl1).only();
  tables.tcr_el2 = scan.of(kTcrEl2).only();
  tables.mair_el1 = scan.of(kMairEl1).only();
  tables.mair_el2 = scan.of(kMairEl2).only();
  tables.named_pages = scan.take_named_pages();
  return tables;
}

}  // namespace bootrig
