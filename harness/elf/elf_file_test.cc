#include "elf/elf_file.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

#include "base/file.h"

namespace bootrig {
namespace {

// A small valid file: two loadable segments, the second with zero-initialised memory behind it.
struct ElfBytes {
  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> segments;
  std::string contents = std::string(64, '\x1f');

  ElfBytes() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_AARCH64;
    header.e_version = EV_CURRENT;
    header.e_entry = 0x40080010;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    const std::uint64_t data = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    segments.push_back({PT_LOAD, PF_R | PF_X, data, 0x40080000, 0x40080000, 32, 32, 16});
    segments.push_back({PT_LOAD, PF_R | PF_W, data + 32, 0xffff000040090000, 0x40090000, 32, 4096, 16});
  }

  std::string bytes() const {
    Elf64_Ehdr out = header;
    out.e_phnum = static_cast<Elf64_Half>(segments.size());
    std::string text(reinterpret_cast<const char*>(&out), sizeof(out));
    for (const Elf64_Phdr& segment : segments) text.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
    return text + contents;
  }
};

std::string message_after(const std::function<void(ElfBytes&)>& change) {
  ElfBytes elf;
  change(elf);
  const auto result = parse_elf("x.elf", elf.bytes());
  return result ? "no error" : to_text(result.error());
}

TEST(ElfFile, ReadsEntryAndSegments) {
  const ElfFile file = parse_elf("x.elf", ElfBytes().bytes()).value();
  EXPECT_EQ(file.entry, 0x40080010u);
  EXPECT_FALSE(file.position_independent);
  EXPECT_FALSE(file.has_interpreter);
  ASSERT_EQ(file.segments.size(), 2u);
  EXPECT_EQ(file.segments[1].virtual_address, 0xffff000040090000u);
  EXPECT_EQ(file.segments[1].physical_address, 0x40090000u);
  EXPECT_EQ(file.segments[1].file_size, 32u);
  EXPECT_EQ(file.segments[1].memory_size, 4096u);
  EXPECT_EQ(file.segments[1].flags, unsigned{PF_R | PF_W});
}

TEST(ElfFile, SkipsSegmentsWithoutMemory) {
  ElfBytes elf;
  elf.segments[1].p_memsz = elf.segments[1].p_filesz = 0;
  EXPECT_EQ(parse_elf("x.elf", elf.bytes()).value().segments.size(), 1u);
}

TEST(ElfFile, SaysThatItIsPositionIndependent) {
  ElfBytes elf;
  elf.header.e_type = ET_DYN;
  elf.segments[1].p_type = PT_INTERP;
  const ElfFile file = parse_elf("x.elf", elf.bytes()).value();
  EXPECT_TRUE(file.position_independent);
  EXPECT_TRUE(file.has_interpreter);
}

TEST(ElfFile, RefusesWhatIsNoElf) {
  EXPECT_EQ(to_text(parse_elf("x.elf", "").error()), "x.elf: is empty");
  EXPECT_EQ(to_text(parse_elf("x.elf", "MZ").error()), "x.elf: is no ELF");
  EXPECT_EQ(to_text(parse_elf("x.elf",
                              "\x7f"
                              "EL")
                        .error()),
            "x.elf: is no ELF");
}

TEST(ElfFile, RefusesOtherKinds) {
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_machine = EM_X86_64; }),
            "x.elf: is an ELF for x86-64; AArch64 is needed");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_machine = 4242; }),
            "x.elf: is an ELF for machine number 4242; AArch64 is needed");
  EXPECT_EQ(message_after([](ElfBytes& e) {
              e.header.e_ident[EI_DATA] = ELFDATA2MSB;
              e.header.e_machine = std::byteswap<Elf64_Half>(EM_PPC64);
            }),
            "x.elf: is an ELF for PowerPC; AArch64 is needed");
  EXPECT_EQ(message_after([](ElfBytes& e) {
              e.header.e_ident[EI_DATA] = ELFDATA2MSB;
              e.header.e_machine = std::byteswap<Elf64_Half>(EM_AARCH64);
            }),
            "x.elf: is a big-endian ELF; little-endian AArch64 is needed");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_ident[EI_CLASS] = ELFCLASS32; }),
            "x.elf: is a 32-bit ELF; 64-bit AArch64 is needed");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_ident[EI_CLASS] = 9; }),
            "x.elf: is no valid ELF: class 9 and data encoding 1 do not exist");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_type = ET_REL; }),
            "x.elf: is a relocatable object (.o); it must be linked before it can be booted");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_type = ET_CORE; }), "x.elf: is a core file, not a program");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_type = 77; }),
            "x.elf: is an ELF of type 77; an executable is needed");
}

TEST(ElfFile, RefusesDamage) {
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_phentsize = 32; }),
            "x.elf: is damaged: its program headers have 32 bytes each, ELF64 has 56");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.header.e_phoff = ~std::uint64_t{0} - 15; }),
            "x.elf: is cut off: program header 0 lies outside the file");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.segments[1].p_offset = 0x10000; }),
            "x.elf: is cut off: segment 1 has 0x20 bytes at offset 0x10000, the file has 0xf0");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.segments[1].p_memsz = 4; }),
            "x.elf: is damaged: segment 1 has 0x20 bytes in the file and 0x4 in memory");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.segments[0].p_paddr = ~std::uint64_t{0} - 3; }),
            "x.elf: is damaged: segment 0 reaches past the end of the address space");
  EXPECT_EQ(message_after([](ElfBytes& e) { e.segments.clear(); }), "x.elf: has no loadable segment (PT_LOAD)");
}

TEST(ElfFile, RefusesEveryTruncatedHeader) {
  const std::string bytes = ElfBytes().bytes();
  EXPECT_EQ(to_text(parse_elf("x.elf", bytes.substr(0, 19)).error()),
            "x.elf: is cut off: 19 bytes cannot hold an ELF header");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(parse_elf("x.elf", bytes.substr(0, length))) << length;
  }
}

// Whatever the bytes are: no crash, and what is accepted lies inside the file.
TEST(ElfFile, SurvivesHostileBytes) {
  const std::string valid = ElfBytes().bytes();
  std::mt19937 random(20240611);
  int accepted = 0, refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = valid;
    const unsigned changes = 1 + random() % 6;
    for (unsigned i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 5 == 0) bytes.resize(random() % (bytes.size() + 1));
    const auto result = parse_elf("x.elf", bytes);
    ++(result ? accepted : refused);
    if (!result) continue;
    for (const ElfSegment& segment : result->segments) {
      EXPECT_LE(segment.file_size, bytes.size());
      EXPECT_LE(segment.file_size, segment.memory_size);
      EXPECT_GE(segment.physical_address + (segment.memory_size - 1), segment.physical_address);
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 100);
}

TEST(ElfFile, OpensAFileAndNamesIt) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "elf_file_test.elf";
  ASSERT_TRUE(write_file_atomically(path, ElfBytes().bytes()));
  EXPECT_EQ(open_elf(path).value().entry, 0x40080010u);
  EXPECT_EQ(to_text(open_elf("/nowhere/x.elf").error()), "/nowhere/x.elf: cannot read: No such file or directory");
}

}  // namespace
}  // namespace bootrig
