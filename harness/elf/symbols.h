// SymbolTable: the names of addresses, out of the symbol tables of ELF files. Hostile input gives an error, never a
// crash. Source lines are not its business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct Symbol {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // 0: not stated
  bool function = false;
};

class SymbolTable {
 public:
  SymbolTable() = default;
  // Of known symbols, in any order.
  static SymbolTable of(std::vector<Symbol> symbols);
  // Adds a file's functions, objects and untyped labels. A stripped file adds nothing.
  Result<void> add(const std::filesystem::path& path);

  // The symbol that the address lies in; one of unknown size reaches to the next.
  const Symbol* find(std::uint64_t address) const;
  // "boot_l0_upper+0xff8", "main", or "" when nothing is known.
  std::string name_of(std::uint64_t address) const;
  const std::vector<Symbol>& symbols() const { return symbols_; }  // by address

 private:
  void sort();

  std::vector<Symbol> symbols_;
};

}  // namespace bootrig
