// ElfContents: what is in an ELF file of any machine and class, linked or not: sections, symbols by name, what is
// undefined. For checks of a file's properties; whether it can boot is elf_file.h's question, and what an address means
// symbols.h's. Hostile input gives an error, never a crash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct ElfContents {
  struct Section {
    std::string name;
    std::uint64_t size = 0;
  };
  struct Symbol {
    std::string name;
    std::uint64_t address = 0;
  };
  std::string machine;  // "aarch64", "arm", "x86-64", "riscv", or "machine number 8"
  std::uint64_t entry = 0;
  std::vector<Section> sections;
  std::vector<Symbol> defined;         // functions, objects and labels, absolute ones included
  std::vector<std::string> undefined;  // not the weak ones: a linker makes those 0

  const Symbol* find(std::string_view name) const;  // a defined one; null: none
};

Result<ElfContents> read_elf_contents(std::string_view display_name, const std::string& bytes);

}  // namespace bootrig
