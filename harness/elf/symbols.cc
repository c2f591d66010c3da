#include "elf/symbols.h"

#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>

#include "base/file.h"

namespace bootrig {
namespace {

// Past a symbol of unknown size, an address this far away is somewhere else.
constexpr std::uint64_t kReachOfUnsized = 0x10000;

bool is_named_place(const GElf_Sym& symbol, std::string_view name) {
  const unsigned char type = GELF_ST_TYPE(symbol.st_info);
  const bool placed = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
  const bool mapping = name.starts_with('$');  // $x, $d: where code and data begin (AAELF64)
  return placed && !mapping && !name.empty() && (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE);
}

void read_section(Elf* elf, Elf_Scn* section, std::vector<Symbol>& symbols) {
  GElf_Shdr header;
  if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0) return;
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr) return;
  const std::size_t count = data->d_size / sizeof(Elf64_Sym);
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || !is_named_place(symbol, name)) continue;
    symbols.push_back({name, symbol.st_value, symbol.st_size, GELF_ST_TYPE(symbol.st_info) == STT_FUNC});
  }
}

}  // namespace

Result<void> SymbolTable::add(const std::filesystem::path& path) {
  BOOTRIG_TRY(std::string bytes, read_file(path));
  elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_memory(bytes.data(), bytes.size()), elf_end);
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getclass(elf.get()) != ELFCLASS64) {
    return fail(path.string(), "is no ELF64 file to take symbols from");
  }
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    read_section(elf.get(), section, symbols_);
  }
  sort();
  return {};
}

SymbolTable SymbolTable::of(std::vector<Symbol> symbols) {
  SymbolTable table;
  table.symbols_ = std::move(symbols);
  table.sort();
  return table;
}

// Of several names of one place the one with a size stands last: find() looks from the end.
void SymbolTable::sort() {
  std::ranges::stable_sort(symbols_, [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : a.size < b.size;
  });
}

const Symbol* SymbolTable::find(std::uint64_t address) const {
  auto after = std::ranges::upper_bound(symbols_, address, {}, &Symbol::address);
  const Symbol* unsized = nullptr;
  while (after != symbols_.begin()) {
    const Symbol& symbol = *--after;
    if (symbol.size > 0) return address - symbol.address < symbol.size ? &symbol : unsized;
    if (unsized == nullptr && address - symbol.address < kReachOfUnsized) unsized = &symbol;
  }
  return unsized;
}

std::string SymbolTable::name_of(std::uint64_t address) const {
  const Symbol* symbol = find(address);
  if (symbol == nullptr) return "";
  const std::uint64_t offset = address - symbol->address;
  return offset == 0 ? symbol->name : fmt::format("{}+{:#x}", symbol->name, offset);
}

}  // namespace bootrig
