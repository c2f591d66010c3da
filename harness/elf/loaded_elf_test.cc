#include "elf/loaded_elf.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

// One segment: 4 bytes in the file, 8 in memory, at physical 0x40000000 and virtual 0xffffff8040000000.
std::string small_elf() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_AARCH64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_vaddr = 0xffffff8040000000;
  segment.p_paddr = 0x40000000;
  segment.p_filesz = 4;
  segment.p_memsz = 8;
  std::string bytes(sizeof header + sizeof segment, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  return bytes + "\x01\x02\x03\x04";
}

class LoadedElfTest : public ::testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(LoadedElfTest, GivesBytesByEitherAddressAndZeroesBehindTheFile) {
  ASSERT_TRUE(write_file(folder_.path() / "a.elf", small_elf()));
  const auto file = LoadedElf::open(folder_.path() / "a.elf");
  ASSERT_TRUE(file);
  std::array<std::uint8_t, 4> out;
  ASSERT_TRUE(file->read_physical(0x40000002, out));
  EXPECT_EQ(out, (std::array<std::uint8_t, 4>{3, 4, 0, 0}));
  ASSERT_TRUE(file->read_virtual(0xffffff8040000000, out));
  EXPECT_EQ(out, (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_FALSE(file->read_physical(0x40000005, out));
  EXPECT_FALSE(file->read_physical(0x3fffffff, out));
  EXPECT_FALSE(file->read_virtual(0x40000000, out));
}

TEST_F(LoadedElfTest, AFileThatShrinksIsAnError) {
  const auto path = folder_.path() / "a.elf";
  ASSERT_TRUE(write_file(path, small_elf()));
  const auto file = LoadedElf::open(path);
  ASSERT_TRUE(file);
  std::filesystem::resize_file(path, 64);
  std::array<std::uint8_t, 4> out;
  EXPECT_FALSE(file->read_physical(0x40000000, out));
}

}  // namespace
}  // namespace bootrig
