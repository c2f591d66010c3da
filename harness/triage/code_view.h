// The code around an address, for people: its symbol and source line, then the instructions, the one at the address
// marked with ">":
//
//   0xffffff8040001020 <console_put+0x10> lib/console.c:44
//     0xffffff804000101c  f9400000  ldr x0, [x0]
//   > 0xffffff8040001020  b9000001  str w1, [x0]
//     0xffffff8040001024  97fffff7  bl #0xffffff8040001000 <console_wait>
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elf/source_lines.h"
#include "elf/symbols.h"
#include "triage/backtrace.h"

namespace bootrig {

inline constexpr std::size_t kCodeViewColumns = 110;

// What names code. Each may be absent.
struct CodeNames {
  const SymbolTable* symbols = nullptr;
  const SourceLines* lines = nullptr;
  // Added to an address at which code runs, it gives the one that it was linked at.
  std::uint64_t to_linked = 0;
};

struct CodeSpan {  // instructions
  unsigned before = 4;
  unsigned after = 3;
};

// "0xffffff8040001020 <console_put+0x10> lib/console.c:44", as far as it is known.
std::string describe_code(std::uint64_t address, const CodeNames& names);

// Lines of at most kCodeViewColumns bytes: what a symbol or file name has too much is cut off. Where the instructions
// before or after cannot be read, they are left out; where the address itself cannot, the view says why instead. Of an
// address within an instruction, that one is marked.
std::vector<std::string> code_view(std::uint64_t address, const ReadVirtual& read, const CodeNames& names,
                                   CodeSpan span = {});

}  // namespace bootrig
