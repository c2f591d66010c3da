#include <gtest/gtest.h>

#include "base/file.h"
#include "image/image.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

// An ELF64 with one loadable segment of 16 bytes: the fields that decide, at the gABI's offsets.
struct SmallElf {
  std::uint16_t type = 2;       // ET_EXEC; 3: ET_DYN
  std::uint16_t machine = 183;  // EM_AARCH64
  std::uint64_t entry = 0x40080000;
  std::uint64_t virtual_address = 0x40080000;
  std::uint64_t physical_address = 0x40080000;
  bool has_interpreter = false;

  std::string bytes() const {
    std::string out(
        "\x7f"
        "ELF\x02\x01\x01",
        7);
    out.resize(16);
    add(out, type, 2), add(out, machine, 2), add(out, 1, 4), add(out, entry, 8);
    add(out, 64, 8), add(out, 0, 8), add(out, 0, 4);  // program headers, sections, flags
    add(out, 64, 2), add(out, 56, 2), add(out, has_interpreter ? 2 : 1, 2);
    add(out, 0, 6);
    if (has_interpreter) add_segment(out, 3);  // PT_INTERP
    add_segment(out, 1);                       // PT_LOAD
    return out + std::string(16 + 56, '\0');
  }

 private:
  static void add(std::string& out, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  }
  void add_segment(std::string& out, std::uint64_t kind) const {
    add(out, kind, 4), add(out, 5, 4), add(out, 120, 8), add(out, virtual_address, 8), add(out, physical_address, 8);
    add(out, 16, 8), add(out, 16, 8), add(out, 16, 8);
  }
};

class OpenImageTest : public ::testing::Test {
 protected:
  // The error's sentence, without the file's path.
  std::string message(const std::string& bytes, std::optional<std::uint64_t> load = std::nullopt) {
    const auto file = folder_.put("image.bin", bytes);
    const auto result = open_image(file, load);
    if (result) return "no error";
    EXPECT_EQ(result.error().place, file.string());
    return result.error().message;
  }
  std::string message(const SmallElf& elf) { return message(elf.bytes()); }

  TestFolder folder_;
};

TEST_F(OpenImageTest, TakesAnElf) {
  const SmallElf elf;
  const auto file = folder_.put("loader.elf", elf.bytes());
  const Image image = open_image(file, std::nullopt).value();
  EXPECT_EQ(image.name, "loader.elf");
  EXPECT_EQ(image.file, file);
  EXPECT_EQ(image.entry, 0x40080000u);
  EXPECT_EQ(image.load_address, std::nullopt);
  EXPECT_EQ(image.sha256, sha256_hex(elf.bytes()));
  EXPECT_EQ(image.symbols, std::vector{file});
}

TEST_F(OpenImageTest, TakesRawBytesWithAnAddress) {
  const Image image = open_image(folder_.put("loader.img", "\x1f\x20\x03\xd5"), 0x70000000).value();
  EXPECT_EQ(image.entry, 0x70000000u);
  EXPECT_EQ(image.load_address, 0x70000000u);
  EXPECT_TRUE(image.symbols.empty());
}

TEST_F(OpenImageTest, TakesAPositionIndependentElfThatHasAPlace) {
  SmallElf elf;
  elf.type = 3;
  EXPECT_EQ(message(elf), "no error");
}

TEST_F(OpenImageTest, TakesAKernelWithAVirtualEntry) {
  SmallElf elf;
  elf.virtual_address = elf.entry = 0xffffff8040080000;
  EXPECT_EQ(message(elf), "no error");
}

TEST_F(OpenImageTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(to_text(open_image("/nowhere/x.elf", std::nullopt).error()),
            "/nowhere/x.elf: cannot read: No such file or directory");
  EXPECT_EQ(to_text(open_image("/", std::nullopt).error()), "/: cannot read: it is a folder");
  EXPECT_EQ(message(""), "is empty");
  EXPECT_EQ(message("", 0x40000000), "is empty");
}

TEST_F(OpenImageTest, RefusesRawBytesWithoutAPlace) {
  EXPECT_EQ(message("abc"), "is no ELF; a raw image needs the address it loads at (--load 0x…)");
  EXPECT_EQ(message("abc", 0x40000002), "cannot be entered at 0x40000002: instructions are 4-aligned");
  EXPECT_EQ(message("abcdefgh", 0xfffffffffffffffc),
            "has 0x8 bytes: loaded at 0xfffffffffffffffc it reaches past the end of the address space");
}

TEST_F(OpenImageTest, RefusesElfFilesThatCannotBeBooted) {
  EXPECT_EQ(message(SmallElf().bytes(), 0x40000000), "is an ELF and carries its addresses; leave --load away");
  SmallElf other;
  other.machine = 62;
  EXPECT_EQ(message(other), "is an ELF for x86-64; AArch64 is needed");
  SmallElf pie;
  pie.type = 3;
  pie.virtual_address = pie.physical_address = pie.entry = 0;
  EXPECT_EQ(message(pie),
            "is position-independent (ET_DYN) and linked at address 0; link it with -no-pie at the "
            "address where it "
            "runs");
  SmallElf outside;
  outside.entry = 0x40080010;
  EXPECT_EQ(message(outside), "has the entry 0x40080010, which lies in no loadable segment");
  SmallElf dynamic;
  dynamic.has_interpreter = true;
  EXPECT_EQ(message(dynamic), "asks for a dynamic linker (PT_INTERP); link it with -static -no-pie and -nostdlib");
  SmallElf odd;
  odd.entry = 0x40080001;
  EXPECT_EQ(message(odd), "has the entry 0x40080001: instructions are 4-aligned");
}

// Linux, Documentation/arch/arm64/booting.rst: text_offset at 8, image_size at 16, the magic at 56.
// Both in MiB.
std::string linux_image(int offset, int size) {
  std::string image(64, '\0');
  image.replace(56, 4, "ARM\x64");
  image[10] = static_cast<char>(offset << 4);
  image[18] = static_cast<char>(size << 4);
  return image;
}

TEST_F(OpenImageTest, TakesALinuxImageWhereQemuWillPutIt) {
  const auto address = [&](const std::string& bytes) -> std::uint64_t {
    const auto image = open_image(folder_.put("Image", bytes), std::nullopt);
    return image && image->linux_boot && image->entry == image->load_address ? image->entry : 0;
  };
  EXPECT_EQ(address(linux_image(0, 4)), 0x40200000u);
  EXPECT_EQ(address(linux_image(3, 4)), 0x40300000u);
  EXPECT_EQ(address(linux_image(3, 0)), 0x40080000u) << "the header of an old kernel";
}

TEST_F(OpenImageTest, TakesALinuxImageAsRawBytesWhenToldWhere) {
  const auto image = open_image(folder_.put("Image", linux_image(0, 4)), 0x40400000);
  ASSERT_TRUE(image);
  EXPECT_FALSE(image->linux_boot);
  EXPECT_EQ(image->entry, 0x40400000u);
}

TEST_F(OpenImageTest, SaysWhatOtherFormatsAre) {
  EXPECT_EQ(message("\x27\x05\x19\x56 header", 0x40000000), "says itself where it is loaded; leave --load away");
  EXPECT_EQ(message("\x27\x05\x19\x56 header"), "is a U-Boot uImage, not code; give the ELF or the raw bytes in it");
  EXPECT_EQ(message("\xd0\x0d\xfe\xed tree"), "is a flattened device tree, not code");
  EXPECT_EQ(message("\x1f\x8b\x08"), "is compressed (gzip); give it uncompressed");
  EXPECT_EQ(message("070701..."), "is a CPIO archive, not code; give the image that holds it");
  EXPECT_EQ(message("MZ"), "is an EFI program (PE); as raw bytes it needs the address it loads at (--load 0x…)");
  EXPECT_EQ(message(std::string("MZ") + std::string(54, '\0') + "ARM\x64", 0x40200000), "no error");
}

TEST_F(OpenImageTest, SeveralFilesHaveOneIdentity) {
  const auto kernel = folder_.put("Image", linux_image(0, 4));
  const auto open_with = [&](const std::string& initramfs) {
    Image image = open_image(kernel, std::nullopt).value();
    EXPECT_TRUE(boots_also(image, folder_.put("initramfs.cpio", initramfs)));
    return image;
  };
  const Image one = open_with("one"), other = open_with("other"), again = open_with("one");
  EXPECT_NE(one.sha256, other.sha256);
  EXPECT_EQ(one.sha256, again.sha256);
  ASSERT_EQ(one.booted.size(), 2u);
  EXPECT_EQ(one.booted[0].sha256, sha256_hex(linux_image(0, 4)));
  EXPECT_EQ(one.sha256, sha256_hex(booted_list(one.booted)));
  EXPECT_EQ(booted_list(one.booted),
            sha256_hex(linux_image(0, 4)) + "  Image\n" + sha256_hex("one") + "  initramfs.cpio\n");
}

}  // namespace
}  // namespace bootrig
