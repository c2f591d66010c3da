#include "inspect/container.h"

#include <gtest/gtest.h>

#include "inspect/image_writer_test.h"
#include "testing/small_elf.h"

namespace bootrig {
namespace {

using Form = ImageContents::Form;

TEST(Container, MicrokitImageSaysWhereItIsLinked) {
  const std::string bytes = ImageWriter().bytes();
  const auto contents = read_contents("loader.img", bytes, std::nullopt);
  ASSERT_TRUE(contents);
  EXPECT_EQ(form_text(*contents), "Microkit loader image");
  EXPECT_EQ(contents->entry, ImageWriter::kLink);
  ASSERT_TRUE(contents->loader);
  EXPECT_EQ(contents->loader->offset, ImageWriter::kEnd);
  EXPECT_EQ(contents->loader->offset + contents->loader->size, bytes.size());
  EXPECT_EQ(contents->loader->kernel_entry, ImageWriter::kEntry);
  EXPECT_EQ(contents->loader->user_entry, 0x200000u);
  ASSERT_EQ(contents->regions.size(), 3u);
  EXPECT_EQ(contents->regions[1].address, ImageWriter::kKernel);
  EXPECT_EQ(bytes.substr(contents->regions[1].file_offset, contents->regions[1].file_size), std::string(0x100, 'k'));
  EXPECT_EQ(bytes.substr(contents->regions[2].file_offset, contents->regions[2].file_size), std::string(0x80, 'u'));
}

TEST(Container, OlderHeaderHasAWordOfFlags) {
  ImageWriter writer;
  writer.flags = std::string("\1\0\0\0\0\0\0\0", 8);
  const auto contents = read_contents("loader.img", writer.bytes(), std::nullopt);
  ASSERT_TRUE(contents && contents->loader);
  EXPECT_EQ(contents->loader->kernel_entry, ImageWriter::kEntry);
  EXPECT_TRUE(contents->loader->for_hypervisor);
}

TEST(Container, LoaderImageInAnElfAndInAUImage) {
  const std::string bytes = ImageWriter().bytes();
  const auto elf = read_contents(
      "loader.elf", small_elf({ImageWriter::kLink, ImageWriter::kLink, bytes, bytes.size()}, ImageWriter::kLink),
      std::nullopt);
  ASSERT_TRUE(elf);
  EXPECT_EQ(form_text(*elf), "Microkit loader image in an ELF");
  EXPECT_EQ(elf->entry, ImageWriter::kLink);
  std::string header("\x27\x05\x19\x56", 4);
  header.resize(16, '\0');
  header += std::string("\x70\0\0\0\x70\0\0\0", 8);
  header.resize(64, '\0');
  const auto uimage = read_contents("loader.uimage", header + bytes, std::nullopt);
  ASSERT_TRUE(uimage);
  EXPECT_EQ(form_text(*uimage), "Microkit loader image in a uImage");
  EXPECT_EQ(uimage->regions[0].address, ImageWriter::kLink);
  EXPECT_EQ(uimage->regions[0].file_offset, 64u);
  EXPECT_FALSE(read_contents("loader.uimage", header.substr(0, 20), std::nullopt));
  EXPECT_FALSE(read_contents("loader.uimage", header + bytes, 0x40000000));
}

TEST(Container, RawBytesAreAtTheirLoadAddress) {
  const auto contents = read_contents("raw", std::string(100, 'x'), 0x40400000);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->form, Form::kRaw);
  EXPECT_EQ(contents->entry, 0x40400000u);
  ASSERT_EQ(contents->regions.size(), 1u);
  EXPECT_EQ(contents->regions[0].end(), 0x40400064u);
  EXPECT_FALSE(read_contents("raw", "", 0x40400000));
  EXPECT_FALSE(read_contents("raw", std::string(100, 'x'), ~std::uint64_t{0} - 50));
  EXPECT_TRUE(read_contents("raw", std::string(100, 'x'), std::nullopt)->regions.empty());
}

TEST(Container, LinuxImageIsKnownByItsMagic) {
  std::string bytes(128, '\0');
  bytes.replace(56, 4, "ARM\x64");
  EXPECT_EQ(read_contents("Image", bytes, 0x40400000)->form, Form::kLinux);
}

TEST(Container, LinuxHeaderTellsItsSizeInMemory) {
  std::string bytes(128, '\0');
  bytes.replace(56, 4, "ARM\x64");
  bytes[18] = 1;  // image_size 0x10000
  bytes[24] = 1;  // flags: big-endian
  const auto contents = read_contents("Image", bytes, 0x40400000);
  ASSERT_TRUE(contents && contents->linux);
  EXPECT_TRUE(contents->linux->big_endian);
  EXPECT_EQ(contents->regions.at(0).size, 0x10000u);
  EXPECT_EQ(contents->regions.at(0).file_size, 128u);
}

TEST(Container, TreesAndFitsAreKnown) {
  const std::string head("\xd0\x0d\xfe\xed\0\0\0\x80", 8);
  EXPECT_EQ(form_text(*read_contents("dtb", head + std::string(120, '\0'), std::nullopt)), "device tree");
  std::string fit = head + std::string(120, '\0');
  fit.replace(64, 12, std::string("\0\0\0\1images\0\0", 12));
  EXPECT_EQ(form_text(*read_contents("fit", fit, std::nullopt)), "FIT");
}

TEST(Container, ProgramsInsideAreFound) {
  const std::string program = small_elf({0xffffff8040000000, 0x40000000, std::string(64, 'c'), 64}, 0xffffff8040000000);
  const std::string outer = std::string(256, 'l') + program +
                            "\x7f"
                            "ELF\x02\x01 and no more";
  const auto contents =
      read_contents("loader.elf", small_elf({0x60000000, 0x60000000, outer, outer.size()}, 0x60000000), std::nullopt);
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->programs.size(), 1u);
  EXPECT_EQ(contents->programs[0].elf.entry, 0xffffff8040000000u);
  EXPECT_EQ(contents->programs[0].size, program.size());
  EXPECT_EQ(embedded_kernel(*contents), &contents->programs[0]);
}

TEST(Container, EveryCutAndEveryFlippedByteOfTheTableIsTaken) {
  const std::string whole = ImageWriter().bytes();
  for (std::size_t size = ImageWriter::kEnd; size < whole.size(); size += 7) {
    ASSERT_TRUE(read_contents("cut", whole.substr(0, size), ImageWriter::kLink)) << size;
  }
  for (std::size_t at = ImageWriter::kEnd; at < ImageWriter::kEnd + 128; ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
    const auto contents = read_contents("flipped", bytes, ImageWriter::kLink);
    ASSERT_TRUE(contents);
    for (const ImageRegion& region : contents->regions) EXPECT_GE(region.end(), region.address) << at;
  }
}

}  // namespace
}  // namespace bootrig
