// Where an image's own code has its translation tables, and with what registers it turns them on: out of the
// instructions that write TTBRn_ELx, TCR_ELx and MAIR_ELx, and, where those take their values from data, out of symbols.
// Whether the tables are right is kernel_entry.h's business.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_reader.h"
#include "elf/symbols.h"
#include "inspect/container.h"

namespace bootrig {

// The memory that an image is loaded into, as it is when the image is entered.
class ImageMemory : public MemoryReader {
 public:
  ImageMemory(const ImageContents& contents, std::string_view bytes) : contents_(contents), bytes_(bytes) {}
  // Within one region that is loaded, not copied; what the file does not have is zero.
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override;

 private:
  const ImageContents& contents_;
  std::string_view bytes_;
};

enum class TableRegister { kTtbr0El1, kTtbr1El1, kTtbr0El2 };
std::string_view to_text(TableRegister name);  // "TTBR1_EL1"

struct BootTables {
  struct Root {
    TableRegister name = TableRegister::kTtbr0El1;
    std::uint64_t table = 0;
    std::string how;  // "msr at 0x70002280"
  };
  std::vector<Root> roots;  // one a register, at most; a register that is written differently in places has none
  std::optional<std::uint64_t> tcr_el1, tcr_el2, mair_el1, mair_el2;
  // Pages that the code names elsewhere than for a TTBR: it may write to them before it turns tables on.
  std::set<std::uint64_t> named_pages;

  const Root* root(TableRegister name) const;
};

BootTables find_boot_tables(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols);

}  // namespace bootrig
