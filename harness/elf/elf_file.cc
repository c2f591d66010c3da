#include "elf/elf_file.h"

#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "base/file.h"

namespace bootrig {
namespace {

static_assert(std::endian::native == std::endian::little, "the readers copy little-endian fields");

struct Machine {
  std::uint16_t number;
  std::string_view name;
};
constexpr Machine kMachines[] = {
    {EM_386, "x86"},       {EM_X86_64, "x86-64"}, {EM_ARM, "32-bit Arm"}, {EM_RISCV, "RISC-V"},     {EM_PPC, "PowerPC"},
    {EM_PPC64, "PowerPC"}, {EM_S390, "s390"},     {EM_MIPS, "MIPS"},      {EM_SPARCV9, "SPARC V9"}, {258, "LoongArch"},
};

std::string machine_name(std::uint16_t number) {
  for (const Machine& machine : kMachines) {
    if (machine.number == number) return std::string(machine.name);
  }
  return fmt::format("machine number {}", number);
}

// A structure of the file's at `offset`, or none when it does not lie wholly inside.
template <typename T>
std::optional<T> read_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// What e_ident and the two fields behind it say: they stand at the same place in every ELF file, of
// either class.
Result<void> check_kind(const std::string& place, std::string_view bytes) {
  const auto type = read_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_type));
  const auto machine = read_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine));
  if (!type || !machine) {
    return fail(place, fmt::format("is cut off: {} bytes cannot hold an ELF header", bytes.size()));
  }
  const bool big_endian = bytes[EI_DATA] == ELFDATA2MSB;
  const std::uint16_t number = big_endian ? std::byteswap(*machine) : *machine;
  if (number != EM_AARCH64) {
    return fail(place, fmt::format("is an ELF for {}; AArch64 is needed", machine_name(number)));
  }
  if (big_endian) return fail(place, "is a big-endian ELF; little-endian AArch64 is needed");
  if (bytes[EI_CLASS] == ELFCLASS32) return fail(place, "is a 32-bit ELF; 64-bit AArch64 is needed");
  if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
    return fail(place,
                fmt::format("is no valid ELF: class {} and data encoding {} do not exist",
                            static_cast<unsigned char>(bytes[EI_CLASS]), static_cast<unsigned char>(bytes[EI_DATA])));
  }
  if (*type == ET_REL) {
    return fail(place, "is a relocatable object (.o); it must be linked before it can be booted");
  }
  if (*type == ET_CORE) return fail(place, "is a core file, not a program");
  if (*type != ET_EXEC && *type != ET_DYN) {
    return fail(place, fmt::format("is an ELF of type {}; an executable is needed", *type));
  }
  return {};
}

Result<void> add_segment(const std::string& place, std::string_view bytes, unsigned index, const Elf64_Phdr& header,
                         ElfFile& file) {
  if (header.p_type == PT_INTERP) file.has_interpreter = true;
  if (header.p_type != PT_LOAD || header.p_memsz == 0) return {};
  if (header.p_offset > bytes.size() || bytes.size() - header.p_offset < header.p_filesz) {
    return fail(place, fmt::format("is cut off: segment {} has {:#x} bytes at offset {:#x}, the file has {:#x}", index,
                                   header.p_filesz, header.p_offset, bytes.size()));
  }
  if (header.p_filesz > header.p_memsz) {
    return fail(place, fmt::format("is damaged: segment {} has {:#x} bytes in the file and {:#x} in memory", index,
                                   header.p_filesz, header.p_memsz));
  }
  const std::uint64_t last = header.p_memsz - 1;
  if (header.p_vaddr > ~std::uint64_t{0} - last || header.p_paddr > ~std::uint64_t{0} - last) {
    return fail(place, fmt::format("is damaged: segment {} reaches past the end of the address space", index));
  }
  file.segments.push_back(
      {header.p_vaddr, header.p_paddr, header.p_filesz, header.p_memsz, header.p_flags, header.p_offset});
  return {};
}

}  // namespace

bool looks_like_elf(std::string_view bytes) {
  return bytes.starts_with(std::string_view(ELFMAG, SELFMAG));
}

Result<ElfFile> parse_elf(std::string_view display_name, std::string_view bytes) {
  const std::string place(display_name);
  if (bytes.empty()) return fail(place, "is empty");
  if (!looks_like_elf(bytes)) return fail(place, "is no ELF");
  BOOTRIG_TRY_VOID(check_kind(place, bytes));
  const auto header = read_at<Elf64_Ehdr>(bytes, 0);
  if (!header) return fail(place, fmt::format("is cut off: {} bytes cannot hold an ELF header", bytes.size()));
  if (header->e_phnum != 0 && header->e_phentsize != sizeof(Elf64_Phdr)) {
    return fail(place, fmt::format("is damaged: its program headers have {} bytes each, ELF64 has {}",
                                   header->e_phentsize, sizeof(Elf64_Phdr)));
  }
  ElfFile file;
  file.entry = header->e_entry;
  file.position_independent = header->e_type == ET_DYN;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    // e_phoff near 2^64 must not wrap around to the file's start.
    const bool wraps = header->e_phoff > bytes.size();
    const auto segment =
        wraps ? std::nullopt : read_at<Elf64_Phdr>(bytes, header->e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
    if (!segment) return fail(place, fmt::format("is cut off: program header {} lies outside the file", i));
    BOOTRIG_TRY_VOID(add_segment(place, bytes, i, *segment, file));
  }
  if (file.segments.empty()) return fail(place, "has no loadable segment (PT_LOAD)");
  return file;
}

Result<ElfFile> open_elf(const std::filesystem::path& path) {
  BOOTRIG_TRY(const std::string bytes, read_file(path));
  return parse_elf(path.string(), bytes);
}

}  // namespace bootrig
