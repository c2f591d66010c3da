#include "inspect/initrd.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "inspect/findings.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

std::string member(std::string_view name, std::string_view data) {
  std::string text = "070701";
  for (const std::size_t value :
       {std::size_t{1}, std::size_t{0100644}, std::size_t{0}, std::size_t{0}, std::size_t{1}, std::size_t{0},
        data.size(), std::size_t{0}, std::size_t{0}, std::size_t{0}, std::size_t{0}, name.size() + 1, std::size_t{0}}) {
    text += fmt::format("{:08x}", value);
  }
  text += std::string(name) + '\0';
  text.resize((text.size() + 3) / 4 * 4, '\0');
  text += data;
  text.resize((text.size() + 3) / 4 * 4, '\0');
  return text;
}
std::string archive() {
  return member("init", std::string(100, 'i')) + member("TRAILER!!!", "");
}

// gzip of "hello" (RFC 1952), made by gzip -n.
constexpr std::string_view kGzip =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00"sv;

TEST(Initrd, WholeArchive) {
  const Initrd initrd = read_initrd(archive());
  EXPECT_EQ(initrd.form, "CPIO archive");
  EXPECT_EQ(initrd.members, 1u);
  EXPECT_EQ(initrd.damage, std::nullopt);
  EXPECT_EQ(read_initrd(archive() + std::string(512, '\0')).damage, std::nullopt);  // padded, as cpio does
  EXPECT_EQ(read_initrd(archive() + archive()).members, 2u);
}

TEST(Initrd, CutOff) {
  EXPECT_EQ(read_initrd(archive().substr(0, 150)).damage,
            "is not whole: its member 'init' is cut off: 34 of 100 bytes are there");
  const std::string without_end = member("init", "data");
  EXPECT_NE(read_initrd(without_end).damage.value_or("").find("neither another one nor the end mark"),
            std::string::npos);
  EXPECT_EQ(read_initrd("").damage, "is empty");
  EXPECT_EQ(read_initrd(std::string(64, '\0')).damage, "is 64 zero bytes");
  EXPECT_TRUE(read_initrd(archive() + member("late", "data").substr(0, 60)).damage);
}

TEST(Initrd, NoArchive) {
  EXPECT_EQ(read_initrd("xyz and more").damage,
            "begins with the bytes 78797a20616e, which is no archive, no compression and no file system that Linux "
            "knows");
}

TEST(Initrd, Compressed) {
  EXPECT_EQ(read_initrd(kGzip).form, "gzip");
  EXPECT_EQ(read_initrd(kGzip).damage, std::nullopt);  // what is in it may be a file system
  EXPECT_EQ(read_initrd(kGzip.substr(0, 16)).damage, "is gzip data that is cut off");
  const Initrd xz = read_initrd(
      "\xfd"
      "7zXZ and what nobody looks into"sv);
  EXPECT_EQ(xz.form, "xz");
  EXPECT_TRUE(xz.compressed);
  EXPECT_EQ(xz.damage, std::nullopt);
  EXPECT_EQ(read_initrd(archive() + "\x28\xb5\x2f\xfd rest").form, "zstd");  // behind an archive of microcode
}

TEST(Initrd, FileSystem) {
  std::string ext2(0x500, '\0');
  ext2[0] = 'b';
  ext2.replace(0x438, 2, "\x53\xef");
  EXPECT_EQ(read_initrd(ext2).form, "ext2 file system");
  EXPECT_EQ(read_initrd(ext2).damage, std::nullopt);
}

// Each cut and each broken byte ends in an answer; a cut is always seen.
TEST(Initrd, HostileBytes) {
  const std::string whole = archive();
  for (std::size_t size = 0; size < whole.size() - 4; ++size)
    EXPECT_TRUE(read_initrd(whole.substr(0, size)).damage) << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '0', 'f', '\x7f', '\xff'}) {
      std::string broken = whole;
      broken[at] = byte;
      EXPECT_LE(read_initrd(broken).members, 2u) << at;
    }
  }
}

TEST(Initrd, AsAFinding) {
  EXPECT_TRUE(find_initrd_problems("init.cpio", archive()).empty());
  const auto findings = find_initrd_problems("init.cpio", archive().substr(0, 150));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(to_line(findings.front()),
            "error: the initrd that Linux is given is not whole: its member 'init' is cut off: 34 of 100 bytes are "
            "there [broken-initrd]: init.cpio, 150 bytes");
}

TEST(GivenTree, ThatIsNone) {
  const auto findings = find_tree_problems("board.dtb", "hello", std::nullopt);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.front().name, "broken-tree");
  EXPECT_EQ(findings.front().what,
            "the device tree that the machine is given begins with 0x68656c6c, not with the magic 0xd00dfeed");
}

}  // namespace
}  // namespace bootrig
