#include "elf/symbols.h"

#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <iterator>
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

// Reads the symbol tables of one file. Sections of a hostile one may all be the same bytes, and so may names: what is
// taken, in bytes of the file, is bounded by a multiple of the file's size. (Linkers let a name be the end of another, so
// it is more than one.)
class SymbolReader {
 public:
  SymbolReader(Elf* elf, std::size_t file_size) : elf_(elf), left_(4 * file_size) {}

  // False: more than the file can hold.
  bool read(Elf_Scn* section, std::vector<Symbol>& symbols) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0)
      return true;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) return true;
    const std::size_t count = data->d_size / sizeof(Elf64_Sym);
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return true;
      const char* found = elf_strptr(elf_, header.sh_link, symbol.st_name);
      const std::string_view name = found == nullptr ? std::string_view() : std::string_view(found);
      if (sizeof(Elf64_Sym) + name.size() > left_) return false;
      left_ -= sizeof(Elf64_Sym) + name.size();
      if (!is_named_place(symbol, name)) continue;
      symbols.push_back({std::string(name), symbol.st_value, symbol.st_size, GELF_ST_TYPE(symbol.st_info) == STT_FUNC});
    }
    return true;
  }

 private:
  Elf* elf_;
  std::size_t left_;
};

}  // namespace

Result<void> SymbolTable::add(const std::filesystem::path& path) {
  BOOTRIG_TRY(std::string bytes, read_file(path));
  elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_memory(bytes.data(), bytes.size()), elf_end);
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getclass(elf.get()) != ELFCLASS64) {
    return fail(path.string(), "is no ELF64 file to take symbols from");
  }
  SymbolReader reader(elf.get(), bytes.size());
  std::vector<Symbol> added;
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    if (!reader.read(section, added)) {
      return fail(path.string(), "is damaged: its symbol tables are larger than the file");
    }
  }
  std::ranges::move(added, std::back_inserter(symbols_));
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
