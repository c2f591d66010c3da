// Any bytes as an ELF file: segments lie within it, symbols are in order and found again.
// seeds: harness/elf/fuzz_seeds/elf/*
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "elf/elf_file.h"
#include "elf/symbols.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

// Symbols are read from a file. One in memory serves all cases.
std::string file_with(std::string_view bytes) {
  static const ScopedFd file(::memfd_create("elf", MFD_CLOEXEC));
  CHECK(::ftruncate(file.get(), 0) == 0);
  CHECK(::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return fmt::format("/proc/self/fd/{}", file.get());
}

void check_symbols(std::string_view bytes) {
  SymbolTable table;
  if (!table.add(file_with(bytes))) return;
  std::uint64_t before = 0;
  for (const Symbol& symbol : table.symbols()) {
    CHECK(symbol.address >= before && !symbol.name.empty());
    before = symbol.address;
  }
  if (table.symbols().empty()) return;
  const Symbol& middle = table.symbols()[table.symbols().size() / 2];
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, middle.size - 1, middle.size}) {
    (void)table.name_of(middle.address + offset);
  }
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto file = parse_elf("x.elf", bytes)) {
    CHECK(!file->segments.empty());
    for (const ElfSegment& segment : file->segments) {
      CHECK(segment.file_size <= size && segment.file_size <= segment.memory_size);
      CHECK(segment.virtual_address + (segment.memory_size - 1) >= segment.virtual_address);
    }
  }
  check_symbols(bytes);
  return 0;
}
