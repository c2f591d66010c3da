#include "inspect/findings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "inspect/image_writer_test.h"
#include "inspect/only_test.h"
#include "testing/small_elf.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;
using ::testing::Contains;
using ::testing::HasSubstr;

const SymbolTable kSymbols = SymbolTable::of({{"boot_l0_upper", ImageWriter::kUpper0, 4096, false},
                                              {"boot_l1_upper", ImageWriter::kUpper1, 4096, false},
                                              {"boot_l2_upper", ImageWriter::kUpper2, 4096, false}});

std::vector<Finding> find(const std::string& bytes, const std::optional<TargetPlace>& target = std::nullopt,
                          std::optional<std::uint64_t> load = std::nullopt, const SymbolTable& symbols = kSymbols) {
  const auto contents = read_contents("image", bytes, load);
  EXPECT_TRUE(contents);
  return find_problems(*contents, bytes, symbols, target);
}

TEST(Findings, SoundImageHasNone) {
  EXPECT_TRUE(find(ImageWriter().bytes(), TargetPlace{"virt", 0x40000000, 1 << 30, 1}).empty());
  ImageWriter writer;
  writer.names_upper0 = true;
  EXPECT_TRUE(find(writer.bytes()).empty());
}

TEST(Findings, EmptyLevel0) {
  ImageWriter writer;
  writer.upper0 = 0;
  const Finding finding = only(find(writer.bytes()));
  EXPECT_EQ(finding.name, "kernel-not-mapped");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_THAT(finding.evidence, Contains(HasSubstr("L0[0x1ff] at 0x70003ff8 <boot_l0_upper+0xff8> = 0x0  invalid  "
                                                   "(byte 0x3ff8 of the file)")));
  EXPECT_THAT(finding.evidence, Contains(HasSubstr("predicts ESR_EL1 0x86000004")));
  EXPECT_EQ(finding.change,
            "the descriptor at 0x70003ff8 <boot_l0_upper+0xff8> must hold the table descriptor 0x70004003 "
            "(boot_l1_upper | 3)");
}

TEST(Findings, TableThatOtherCodeNamesMayBeFilledLater) {
  ImageWriter writer;
  writer.upper0 = 0;
  writer.names_upper0 = true;
  EXPECT_EQ(only(find(writer.bytes())).severity, Severity::kWarning);
}

TEST(Findings, EmptyLevel1AndAccessFlagAndAddress) {
  ImageWriter level1;
  level1.upper1 = 0;
  EXPECT_THAT(only(find(level1.bytes())).change, HasSubstr("0x70005003 (boot_l2_upper | 3)"));
  EXPECT_THAT(only(find(level1.bytes())).evidence, Contains(HasSubstr("predicts ESR_EL1 0x86000005")));
  ImageWriter flag;
  flag.upper2 = ImageWriter::kKernel | 0x311;
  EXPECT_THAT(only(find(flag.bytes())).evidence, Contains(HasSubstr("predicts ESR_EL1 0x8600000a")));
  EXPECT_THAT(only(find(flag.bytes())).change, HasSubstr("must be 0x40000711"));
  ImageWriter moved;
  moved.upper2 = (ImageWriter::kKernel + 0x4000000) | 0x711;
  EXPECT_EQ(only(find(moved.bytes())).name, "kernel-mapped-elsewhere");
  EXPECT_THAT(only(find(moved.bytes())).what, HasSubstr("to 0x44000000"));
}

TEST(Findings, EntryThatIsNotWhereTheTablesHaveTheKernel) {
  ImageWriter writer;
  writer.entry = ImageWriter::kEntry + (std::uint64_t{16} << 30);
  const Finding finding = only(find(writer.bytes()));
  EXPECT_EQ(finding.name, "kernel-not-mapped");
  EXPECT_EQ(finding.change,
            "the kernel's entry, from the loader's table at byte 0x6000, must be 0xffffff8040000000, where the tables "
            "have it; or, where that entry is right, the descriptor at 0x70004088 <boot_l1_upper+0x88> must hold the "
            "table descriptor 0x70005003 (boot_l2_upper | 3)");
  const SymbolTable kernels = SymbolTable::of({{"_start", ImageWriter::kEntry, 4, true}});
  EXPECT_EQ(only(find(writer.bytes(), std::nullopt, std::nullopt, kernels)).change,
            "the kernel's entry, from the loader's table at byte 0x6000, must be 0xffffff8040000000, where the tables "
            "have it");
}

TEST(Findings, OneMissingBlockIsNoWrongEntry) {
  std::string bytes = ImageWriter().bytes();
  bytes.replace(ImageWriter::kUpper2 - ImageWriter::kLink, 8, 8, '\0');
  EXPECT_EQ(only(find(bytes)).change, "the descriptor at 0x70005000 <boot_l2_upper> must lead to the kernel");
}

TEST(Findings, LoaderThatDoesNotMapItself) {
  ImageWriter writer;
  writer.lower0 = 0;
  const Finding finding = only(find(writer.bytes()));
  EXPECT_EQ(finding.name, "loader-not-mapped");
  EXPECT_THAT(finding.what, HasSubstr("the loader's entry 0x70000000 be executed: L0[0x0] is invalid"));
  EXPECT_THAT(finding.evidence, Contains("loader entry 0x70000000, from where the image is entered"));
  EXPECT_EQ(finding.change, "the descriptor at 0x70001000 must hold the table descriptor 0x70002003");
  // What leads there from elsewhere leads to code that runs where it lies all the same.
  std::string bytes = writer.bytes();
  const std::string entry{3, 0x20, 0, 0x70, 0, 0, 0, 0};
  bytes.replace(ImageWriter::kLower0 - ImageWriter::kLink + 8, 8, entry);
  EXPECT_THAT(only(find(bytes)).change, testing::StartsWith("the descriptor at 0x70001000 must "));
}

TEST(Findings, EmptyTablesAreOfRunTime) {
  ImageWriter writer;
  writer.tables = false;
  const Finding finding = only(find(writer.bytes()));
  EXPECT_EQ(finding.name, "boot-tables-at-run-time");
  EXPECT_EQ(finding.severity, Severity::kNote);
}

TEST(Findings, TablesBySymbolsAlone) {
  ImageWriter writer;
  writer.upper0 = 0;
  std::string bytes = writer.bytes();
  bytes.replace(0x20, 16, 16, '\0');  // no msr ttbr0, adrp, msr ttbr1
  EXPECT_EQ(only(find(bytes)).name, "boot-tables-unknown");
  const auto by_name = SymbolTable::of(
      {{"boot_lvl0_lower", ImageWriter::kLower0, 4096, false}, {"boot_lvl0_upper", ImageWriter::kUpper0, 4096, false}});
  EXPECT_THAT(only(find(bytes, std::nullopt, std::nullopt, by_name)).evidence,
              Contains(HasSubstr("from the symbol boot_lvl0_upper")));
  // Where the code takes them from variables: here the one behind the code.
  bytes.replace(0x80, 8, std::string("\0\x30\0\x70\0\0\0\0", 8));
  bytes.replace(0x88, 8, std::string("\0\x10\0\x70\0\0\0\0", 8));
  const auto by_variable =
      SymbolTable::of({{"aarch64_pt_ttbr1_el1", 0x70000080, 8, false}, {"aarch64_pt_ttbr0_el1", 0x70000088, 8, false}});
  EXPECT_THAT(only(find(bytes, std::nullopt, std::nullopt, by_variable)).evidence,
              Contains(HasSubstr("TTBR1_EL1 0x70003000, from the variable aarch64_pt_ttbr1_el1")));
}

TEST(Findings, RegionsThatOverlapOrLieOutsideMemory) {
  ImageWriter writer;
  writer.second_region = ImageWriter::kKernel + 0x80;
  EXPECT_EQ(only(find(writer.bytes())).what, "region 0 and region 1 overlap in memory");
  const Finding outside = only(find(ImageWriter().bytes(), TargetPlace{"small", 0x40000000, 512 << 20, 1}));
  EXPECT_EQ(outside.name, "outside-memory");
  EXPECT_EQ(outside.what, "the image lies outside the memory of small");
}

TEST(Findings, FirmwareInFlashIsNotOutsideMemory) {
  const TargetPlace virt{"virt", 0x40000000, 1 << 30, 1};
  const auto outside = [&](const std::string& bytes, std::optional<std::uint64_t> load) {
    return std::ranges::count(find(bytes, virt, load, SymbolTable()), "outside-memory", &Finding::name);
  };
  const std::string code(256, '\x1f');
  EXPECT_EQ(outside(code, 0), 0);
  EXPECT_EQ(outside(code, 0x1000), 1);
  EXPECT_EQ(outside(small_elf({.bytes = code}, 0), std::nullopt), 1);
}

TEST(Findings, ImageThatIsCutOff) {
  const std::string bytes = ImageWriter().bytes();
  const Finding finding = only(find(bytes.substr(0, bytes.size() - 16)));
  EXPECT_EQ(finding.name, "truncated-image");
  EXPECT_THAT(finding.what, HasSubstr("16 bytes"));
}

TEST(Findings, HypervisorsKernelOnATargetOfEl1) {
  ImageWriter writer;
  writer.flags = std::string("\1\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(only(find(writer.bytes(), TargetPlace{"virt", 0x40000000, 1 << 30, 1})).name, "wrong-level");
  EXPECT_TRUE(find(writer.bytes(), TargetPlace{"virt", 0x40000000, 1 << 30, 2}).empty());
}

TEST(Findings, EntryWithoutCode) {
  const std::string elf = small_elf({0x40000000, 0x40000000, std::string(64, 'c'), 256}, 0x40000080);
  EXPECT_EQ(only(find(elf)).name, "entry-outside");
  const auto start = SymbolTable::of({{"_start", 0x40400010, 0, false}});
  EXPECT_EQ(only(find(std::string(64, 'c'), std::nullopt, 0x40400000, start)).name, "entry-not-first");
  EXPECT_TRUE(find(std::string(64, 'c'), std::nullopt, 0x40400010, start).empty());
}

std::string archive_member(const std::string& name, const std::string& data) {
  return "070701" + std::string(8 * 6, '0') + fmt::format("{:08x}", data.size()) + std::string(8 * 4, '0') +
         fmt::format("{:08x}", name.size() + 1) + std::string(8, '0') + name + '\0' +
         std::string((4 - (110 + name.size() + 1) % 4) % 4, '\0') + data + std::string((4 - data.size() % 4) % 4, '\0');
}

TEST(Findings, NamesThatLeadOutOfAnArchive) {
  const auto with = [](const std::string& name) {
    return find(archive_member(name, "data") + archive_member("TRAILER!!!", ""), std::nullopt, 0x40000000);
  };
  for (const char* name : {"../evil", "a/../../b", "/etc/passwd"})
    EXPECT_EQ(only(with(name)).name, "archive-name") << name;
  for (const char* name : {"kernel", "a/b..c", "..."}) EXPECT_TRUE(with(name).empty()) << name;
}

TEST(Findings, ProgramWithHeadersThatLie) {
  std::string program = small_elf({0x200000, 0x200000, std::string(64, 'c'), 64}, 0x200000);
  program[0x34] = 64;  // e_ehsize
  const auto in_archive = [](const std::string& member) {
    return find(archive_member("user.elf", member) + archive_member("TRAILER!!!", ""), std::nullopt, 0x40000000);
  };
  EXPECT_TRUE(in_archive(program).empty());
  program[64 + 0x20 + 3] = 0x7f;  // p_filesz
  const Finding finding = only(in_archive(program));
  EXPECT_EQ(finding.name, "broken-program");
  EXPECT_THAT(finding.what, HasSubstr("user.elf in the image cannot be read: it is cut off"));
  // A segment that ends in the next member.
  std::string longer = small_elf({0x200000, 0x200000, std::string(64, 'c'), 1024}, 0x200000);
  longer[0x34] = 64;
  longer[64 + 0x21] = 2;  // p_filesz: 576 bytes
  const std::string image = archive_member("user.elf", longer) + archive_member("more", std::string(4096, 'm'));
  EXPECT_EQ(only(find(image + archive_member("TRAILER!!!", ""), std::nullopt, 0x40000000)).name, "broken-program");
  // The magic alone is a constant of code.
  EXPECT_TRUE(find(std::string("code\x7f") + "ELF\2\1 and no more", std::nullopt, 0x40000000).empty());
}

TEST(Findings, TreeWithABadSize) {
  std::string tree("\xd0\x0d\xfe\xed\0\x10\0\0", 8);  // 1 MiB
  tree += std::string("\0\0\0\x38\0\0\0\x48\0\0\0\x28\0\0\0\x11\0\0\0\x10", 20);
  tree.resize(128, '\0');
  const Finding finding = only(find("code" + tree, std::nullopt, 0x40000000));
  EXPECT_EQ(finding.name, "broken-tree");
  EXPECT_THAT(finding.what, HasSubstr("promises 1048576 bytes, and 128 are there"));
  tree[23] = 0x12;  // a version that is none
  EXPECT_TRUE(find("code" + tree, std::nullopt, 0x40000000).empty());
}

TEST(Findings, TreeIsNoCode) {
  const auto findings =
      find(std::string("\xd0\x0d\xfe\xed\0\0\0\x80", 8) + std::string(120, '\0'), std::nullopt, 0x40000000);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].name, "not-code");
  EXPECT_EQ(findings[1].name, "broken-tree");  // of version 0
  EXPECT_EQ(findings[1].severity, Severity::kError);
}

TEST(Findings, LinuxImageWhereItsHeaderDoesNotWantIt) {
  std::string bytes(4096, '\0');
  bytes.replace(56, 4, "ARM\x64");
  bytes[10] = 8;  // text_offset 0x80000
  EXPECT_EQ(only(find(bytes, std::nullopt, 0x40000000)).name, "linux-misplaced");
  EXPECT_TRUE(find(bytes, std::nullopt, 0x40080000).empty());
  bytes[24] = 1;
  EXPECT_EQ(only(find(bytes, std::nullopt, 0x40080000)).name, "linux-big-endian");
}

TEST(Findings, MembersThatAreNotWhatTheirNamesSay) {
  const auto with = [](const std::string& name, const std::string& data) {
    return find(archive_member(name, data) + archive_member("TRAILER!!!", ""), std::nullopt, 0x40000000);
  };
  const Finding program = only(with("kernel.elf", "ELF!"));
  EXPECT_EQ(program.name, "broken-program");
  EXPECT_EQ(program.what, "kernel.elf in the image is no ELF file");
  EXPECT_EQ(only(with("kernel.dtb", "tree")).name, "broken-tree");
  EXPECT_TRUE(with("notes", "ELF!").empty());
}

TEST(Findings, ArchiveThatIsCutOff) {
  const std::string header = "070701" + std::string(8 * 6, '0') + "00000064" + std::string(8 * 4, '0') + "00000002" +
                             std::string(8, '0') + std::string("a\0", 2);
  const Finding finding = only(find(header + "too little", std::nullopt, 0x40000000));
  EXPECT_EQ(finding.name, "truncated-archive");
  EXPECT_EQ(finding.severity, Severity::kError);
}

}  // namespace
}  // namespace bootrig
