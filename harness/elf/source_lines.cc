#include "elf/source_lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace bootrig {
namespace {

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
struct DwarfEnd {
  void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
};

struct Range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

struct Sections {
  std::vector<Range> code;
  bool lines = false;  // there are line tables
};

Result<Sections> read_sections(const std::string& place, Elf* elf, std::uint64_t file_size) {
  GElf_Ehdr header;
  std::size_t count = 0, names = 0;
  if (elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64 || gelf_getehdr(elf, &header) == nullptr) {
    return fail(place, "is no ELF64 file to take source lines from");
  }
  if (elf_getshdrnum(elf, &count) != 0 || elf_getshdrstrndx(elf, &names) != 0 || (header.e_shoff != 0 && count == 0)) {
    return fail(place, "is cut off: its section headers lie outside the file");
  }
  Sections sections;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr shdr;
    if (gelf_getshdr(section, &shdr) == nullptr) return fail(place, "is damaged: a section header cannot be read");
    if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NULL) continue;
    if (shdr.sh_offset > file_size || file_size - shdr.sh_offset < shdr.sh_size) {
      return fail(place, fmt::format("is cut off: a section has {:#x} bytes at offset {:#x}, the file has {:#x}",
                                     shdr.sh_size, shdr.sh_offset, file_size));
    }
    if ((shdr.sh_flags & SHF_EXECINSTR) != 0) sections.code.push_back({shdr.sh_addr, shdr.sh_size});
    const char* name = elf_strptr(elf, names, shdr.sh_name);
    const std::string_view known = name == nullptr ? "" : name;
    if (known == ".debug_line" || known == ".zdebug_line") sections.lines = true;
  }
  return sections;
}

// The compilation unit that the address lies in, by asking each: .debug_aranges is no faster, as libdw reads every
// unit's header with it, and not every compiler makes it.
std::optional<Dwarf_Die> find_unit(Dwarf* dwarf, std::uint64_t address) {
  Dwarf_Die unit;
  Dwarf_CU* previous = nullptr;
  Dwarf_CU* next = nullptr;
  while (dwarf_get_units(dwarf, previous, &next, nullptr, nullptr, &unit, nullptr) == 0) {
    if (dwarf_tag(&unit) == DW_TAG_compile_unit && dwarf_haspc(&unit, address) == 1) return unit;
    previous = next;
  }
  return std::nullopt;
}

// `file` may be relative to the folder that the unit was compiled in.
std::string short_name(Dwarf_Die& unit, std::string_view file) {
  Dwarf_Attribute attribute;
  const char* named = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
  const std::filesystem::path folder = named == nullptr ? "" : named;
  const std::string plain = (folder / file).lexically_normal();
  const std::string below = (folder / "").lexically_normal();
  return below.ends_with('/') && plain.starts_with(below) ? plain.substr(below.size()) : plain;
}

}  // namespace

class SourceLines::File {
 public:
  File(ScopedFd fd, std::unique_ptr<Elf, ElfEnd> elf, std::vector<Range> code)
      : fd_(std::move(fd)), elf_(std::move(elf)), code_(std::move(code)) {}

  std::optional<SourceLine> find(std::uint64_t address) {
    const bool here = std::ranges::any_of(code_, [&](Range range) { return address - range.first < range.size; });
    if (!here || !open()) return std::nullopt;
    std::optional<Dwarf_Die> unit = find_unit(dwarf_.get(), address);
    Dwarf_Line* line = unit ? dwarf_getsrc_die(&*unit, address) : nullptr;
    const char* name = line == nullptr ? nullptr : dwarf_linesrc(line, nullptr, nullptr);
    int number = 0;
    // Line 0: code that the compiler made up.
    if (name == nullptr || dwarf_lineno(line, &number) != 0 || number <= 0) return std::nullopt;
    return SourceLine{short_name(*unit, name), static_cast<unsigned>(number)};
  }

 private:
  bool open() {
    if (!opened_) dwarf_.reset(dwarf_begin_elf(elf_.get(), DWARF_C_READ, nullptr));
    opened_ = true;
    return dwarf_ != nullptr;
  }

  ScopedFd fd_;  // each needs the one before
  std::unique_ptr<Elf, ElfEnd> elf_;
  std::unique_ptr<Dwarf, DwarfEnd> dwarf_;
  std::vector<Range> code_;
  bool opened_ = false;
};

SourceLines::SourceLines() = default;
SourceLines::~SourceLines() = default;
SourceLines::SourceLines(SourceLines&&) noexcept = default;
SourceLines& SourceLines::operator=(SourceLines&&) noexcept = default;

Result<void> SourceLines::add(const std::filesystem::path& path) {
  ScopedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return fail(path.string(), fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  elf_version(EV_CURRENT);
  // Mapped, not read: the kernel of a real system has hundreds of megabytes of DWARF.
  std::unique_ptr<Elf, ElfEnd> elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr));
  BOOTRIG_TRY(Sections sections, read_sections(path.string(), elf.get(), static_cast<std::uint64_t>(status.st_size)));
  if (sections.lines) files_.push_back(std::make_unique<File>(std::move(fd), std::move(elf), std::move(sections.code)));
  return {};
}

std::optional<SourceLine> SourceLines::find(std::uint64_t address) const {
  for (const auto& file : files_) {
    if (auto line = file->find(address)) return line;
  }
  return std::nullopt;
}

}  // namespace bootrig
