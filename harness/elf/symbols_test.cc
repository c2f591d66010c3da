#include "elf/symbols.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"

namespace bootrig {
namespace {

// An ELF file of a symbol table, its names, and as many section headers as wanted, all the same one.
std::string elf_with(const std::vector<Elf64_Sym>& symbols, const std::string& names, unsigned tables = 1) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_AARCH64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(2 + tables);
  header.e_shstrndx = 1;
  const std::uint64_t symbols_size = symbols.size() * sizeof(Elf64_Sym);
  const std::uint64_t names_offset = sizeof(Elf64_Ehdr) + symbols_size;
  header.e_shoff = (names_offset + names.size() + 7) / 8 * 8;

  std::vector<Elf64_Shdr> sections(2 + tables);
  sections[1] = {0, SHT_STRTAB, 0, 0, names_offset, names.size(), 0, 0, 1, 0};
  for (unsigned i = 0; i < tables; ++i) {
    sections[2 + i] = {0, SHT_SYMTAB, 0, 0, sizeof(Elf64_Ehdr), symbols_size, 1, 0, 8, sizeof(Elf64_Sym)};
  }
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char*>(symbols.data()), symbols_size);
  bytes += names;
  bytes.resize(header.e_shoff);
  return bytes.append(reinterpret_cast<const char*>(sections.data()), sections.size() * sizeof(Elf64_Shdr));
}

Result<SymbolTable> table_of(const std::string& bytes) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "symbols_test.elf";
  EXPECT_TRUE(write_file(path, bytes));
  SymbolTable table;
  BOOTRIG_TRY_VOID(table.add(path));
  return table;
}

constexpr unsigned char kFunction = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);

TEST(SymbolTable, NamesAddresses) {
  using namespace std::string_literals;
  const SymbolTable table =
      table_of(elf_with({{}, {1, kFunction, 0, 1, 0x1000, 16}, {6, kFunction, 0, 1, 0x2000, 0}}, "\0main\0idle\0"s))
          .value();
  EXPECT_EQ(table.symbols().size(), 2u);
  EXPECT_EQ(table.name_of(0x1000), "main");
  EXPECT_EQ(table.name_of(0x100f), "main+0xf");
  EXPECT_EQ(table.name_of(0x1010), "");
  EXPECT_EQ(table.name_of(0x2040), "idle+0x40");
}

// A small file whose section headers all name the same large table would otherwise fill the memory.
TEST(SymbolTable, RefusesMoreSymbolsThanTheFileHolds) {
  const std::string name = std::string(1, '\0') + std::string(1000, 'n') + std::string(1, '\0');
  const std::vector<Elf64_Sym> symbols(1000, {1, kFunction, 0, 1, 0x1000, 16});
  const auto tables = table_of(elf_with(std::vector<Elf64_Sym>(1000), name, 100));
  ASSERT_FALSE(tables);
  EXPECT_TRUE(tables.error().message.ends_with("is damaged: its symbol tables are larger than the file"));
  const auto names = table_of(elf_with(symbols, name));
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().message, tables.error().message);
}

TEST(SymbolTable, RefusesWhatIsNoElf) {
  EXPECT_FALSE(table_of(""));
  EXPECT_FALSE(table_of("text"));
  EXPECT_TRUE(table_of(elf_with({}, "")).value().symbols().empty());
}

}  // namespace
}  // namespace bootrig
