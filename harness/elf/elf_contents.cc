#include "elf/elf_contents.h"

#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>

namespace bootrig {
namespace {

std::string machine_name(unsigned number) {
  switch (number) {
    case EM_AARCH64:
      return "aarch64";
    case EM_ARM:
      return "arm";
    case EM_X86_64:
      return "x86-64";
    case EM_RISCV:
      return "riscv";
    default:
      return fmt::format("machine number {}", number);
  }
}

// Sections of a hostile file may all be the same bytes, and so may names: what is taken is bounded by a multiple of the
// file's size. (Linkers let a name be the end of another, so it is more than one.)
class ContentsReader {
 public:
  ContentsReader(Elf* elf, std::size_t file_size, ElfContents& contents)
      : elf_(elf), left_(4 * file_size), contents_(contents) {}

  // False: more than the file can hold.
  bool read() {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_, &names) != 0) return true;
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr) continue;
      const std::string name = text(elf_strptr(elf_, names, header.sh_name));
      if (!take(sizeof(Elf64_Shdr) + name.size())) return false;
      contents_.sections.push_back({name, header.sh_size});
      if (header.sh_type == SHT_SYMTAB && !read_symbols(section, header)) return false;
    }
    return true;
  }

 private:
  static std::string text(const char* found) { return found == nullptr ? std::string() : std::string(found); }

  bool take(std::size_t size) {
    if (size > left_) return false;
    left_ -= size;
    return true;
  }

  bool read_symbols(Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Data* data = header.sh_entsize == 0 ? nullptr : elf_getdata(section, nullptr);
    if (data == nullptr) return true;
    for (int i = 1;; ++i) {  // the first is a null entry (gABI, "Symbol Table")
      GElf_Sym symbol;
      if (gelf_getsym(data, i, &symbol) == nullptr) return true;
      const std::string name = text(elf_strptr(elf_, header.sh_link, symbol.st_name));
      if (!take(sizeof(Elf32_Sym) + name.size())) return false;
      add(symbol, name);
    }
  }

  void add(const GElf_Sym& symbol, const std::string& name) {
    const unsigned char type = GELF_ST_TYPE(symbol.st_info);
    if (name.empty() || name.starts_with('$') || type == STT_SECTION || type == STT_FILE) return;
    if (symbol.st_shndx != SHN_UNDEF) {
      contents_.defined.push_back({name, symbol.st_value});
    } else if (GELF_ST_BIND(symbol.st_info) != STB_WEAK) {
      contents_.undefined.push_back(name);
    }
  }

  Elf* elf_;
  std::size_t left_;
  ElfContents& contents_;
};

}  // namespace

const ElfContents::Symbol* ElfContents::find(std::string_view name) const {
  const auto found = std::ranges::find(defined, name, &Symbol::name);
  return found == defined.end() ? nullptr : &*found;
}

Result<ElfContents> read_elf_contents(std::string_view display_name, const std::string& bytes) {
  const std::string place(display_name);
  elf_version(EV_CURRENT);
  // libelf only reads what it is given here, though its parameter is not const.
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_memory(const_cast<char*>(bytes.data()), bytes.size()), elf_end);
  GElf_Ehdr header;
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr) {
    return fail(place, "is no ELF file");
  }
  ElfContents contents{.machine = machine_name(header.e_machine), .entry = header.e_entry};
  if (!ContentsReader(elf.get(), bytes.size(), contents).read()) {
    return fail(place, "is damaged: its sections and symbols are larger than the file");
  }
  return contents;
}

}  // namespace bootrig
