#include "image/unpack.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "elf/elf_file.h"
#include "image/gzip.h"
#include "image/image.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

std::string big_endian(std::uint64_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

// include/image.h of U-Boot: arm64, uncompressed.
std::string uimage(const std::string& data, std::uint32_t load, std::uint32_t entry, char kind = 2) {
  const auto header = [&](std::uint32_t crc) {
    std::string text = "\x27\x05\x19\x56" + big_endian(crc) + big_endian(0) + big_endian(data.size());
    text += big_endian(load) + big_endian(entry) + big_endian(crc32_of(data)) + std::string{0, 22, kind, 0};
    text.resize(64, '\0');
    return text;
  };
  return header(crc32_of(header(0))) + data;
}

class UnpackTest : public ::testing::Test {
 protected:
  Result<Image> open(const std::string& bytes) {
    return open_image(folder_.put("packed", bytes), std::nullopt, folder_.path() / "unpacked");
  }
  std::string error_of(const std::string& bytes) {
    const auto image = open(bytes);
    if (image) return "no error";
    EXPECT_EQ(image.error().place, (folder_.path() / "packed").string());
    return image.error().message;
  }
  TestFolder folder_;
};

TEST_F(UnpackTest, RawCodeBecomesAnElfWithItsAddresses) {
  const std::string bytes = uimage("code of 16 bytes", 0x40400000, 0x40400008);
  const auto image = open(bytes);
  ASSERT_TRUE(image) << to_text(image.error());
  EXPECT_EQ(image->name, "packed");
  EXPECT_EQ(image->sha256, sha256_hex(bytes));
  EXPECT_EQ(image->entry, 0x40400008u);
  EXPECT_EQ(image->load_address, std::nullopt);
  const std::string elf_bytes = read_file(image->file).value();
  const ElfFile elf = parse_elf("x", elf_bytes).value();
  ASSERT_EQ(elf.segments.size(), 1u);
  EXPECT_EQ(elf.segments[0].physical_address, 0x40400000u);
  EXPECT_EQ(elf_bytes.substr(elf.segments[0].file_offset, elf.segments[0].file_size), "code of 16 bytes");
}

TEST_F(UnpackTest, TheSameBytesHaveTheSameFiles) {
  const std::string bytes = uimage("code of 16 bytes", 0x40400000, 0x40400000);
  EXPECT_EQ(open(bytes)->file, open(bytes)->file);
}

TEST_F(UnpackTest, AnElfAndALinuxImageStayWhatTheyAre) {
  const std::string elf = wrap_in_elf("code", 0x50000000, 0x50000000);
  EXPECT_EQ(open(uimage(elf, 0x40400000, 0x40400000))->entry, 0x50000000u);
  std::string linux_image(64, '\0');
  linux_image.replace(56, 4, "ARM\x64");
  linux_image[18] = 0x40;
  EXPECT_TRUE(open(uimage(linux_image, 0x40400000, 0x40400000))->linux_boot.has_value());
}

TEST_F(UnpackTest, WhatCannotBePlaced) {
  EXPECT_EQ(error_of(uimage("code", 0x40400000, 0x40400004)),
            "its code, 4 bytes loaded at 0x40400000, is entered at 0x40400004, outside of it");
  EXPECT_EQ(error_of(uimage("code", 0, 0, 14)), "its code is raw bytes, and no load address says where it is loaded");
  EXPECT_EQ(error_of(uimage("code", 0x40400000, 0x40400002)),
            "the code in it has the entry 0x40400002: instructions are 4-aligned");
}

}  // namespace
}  // namespace bootrig
