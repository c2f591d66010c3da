// SourceLines: the source line of a code address, out of the DWARF of ELF files (DWARF 2 to 5, chapter "Line Number
// Information"). Functions that the compiler inlined are not its business: a line is where the instruction was written.
// Names of addresses are SymbolTable's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct SourceLine {
  // Relative to the folder it was compiled in where it lies below; the bytes are the file's, whatever they are.
  std::string file;
  unsigned line = 0;  // from 1
};

// Used by one thread at a time.
class SourceLines {
 public:
  SourceLines();
  ~SourceLines();
  SourceLines(SourceLines&&) noexcept;
  SourceLines& operator=(SourceLines&&) noexcept;

  // Opens the file and reads its section headers, no more: DWARF is read when an address is asked for, and then only the
  // unit that it lies in. A file without DWARF adds nothing. Errors: unreadable, no ELF64, cut off.
  Result<void> add(const std::filesystem::path& path);

  // Of the first file that has one. None: no code of these files, no line known, or DWARF that is broken there.
  std::optional<SourceLine> find(std::uint64_t address) const;

 private:
  class File;

  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace bootrig
