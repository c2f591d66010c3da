// What is said of bytes that are no sound device tree, a case each.
#include <gtest/gtest.h>
#include <libfdt.h>

#include "image/device_tree.h"

namespace bootrig {
namespace {

std::string sound() {
  std::string bytes(512, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_property_string(tree, "model", "small");
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  bytes.resize(fdt_totalsize(tree));
  return bytes;
}

std::string damage(const std::string& bytes) {
  return device_tree_damage({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).value_or("");
}

std::string with_field(std::size_t at, std::uint32_t value) {
  std::string bytes = sound();
  for (unsigned i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

TEST(DeviceTreeDamage, SoundHasNone) {
  EXPECT_EQ(damage(sound()), "");
  EXPECT_EQ(damage(sound() + "behind it"), "");
}

TEST(DeviceTreeDamage, NoTree) {
  EXPECT_EQ(damage(""), "begins with 0x, not with the magic 0xd00dfeed");
  EXPECT_EQ(damage("hello"), "begins with 0x68656c6c, not with the magic 0xd00dfeed");
  EXPECT_EQ(damage(sound().substr(0, 20)), "ends in its header, after 20 bytes");
}

TEST(DeviceTreeDamage, HeaderThatLies) {
  const std::string size = std::to_string(sound().size());
  EXPECT_EQ(damage(with_field(4, 0x100000)),
            "has a header whose totalsize promises 1048576 bytes, and " + size + " are there");
  EXPECT_EQ(damage(with_field(4, 8)), "has a header whose totalsize promises 8 bytes, less than itself");
  EXPECT_NE(damage(with_field(8, 0x10000)).find("structure block at 0x10000"), std::string::npos);
  EXPECT_NE(damage(with_field(12, 0x10000)).find("strings block at 0x10000"), std::string::npos);
  EXPECT_NE(damage(with_field(36, 0x10000)).find("reaches behind its end"), std::string::npos);
  EXPECT_NE(damage(with_field(16, 0x10000)).find("off_mem_rsvmap 0x10000"), std::string::npos);
  EXPECT_EQ(damage(with_field(24, 99)), "has a header of version 17 (last compatible 99), which nothing reads");
}

TEST(DeviceTreeDamage, CutOffAndStructure) {
  EXPECT_NE(damage(sound().substr(0, sound().size() - 4)).find("totalsize promises"), std::string::npos);
  std::string bytes = sound();
  bytes[fdt_off_dt_struct(bytes.data()) + 3] = 7;  // no token has this number
  EXPECT_NE(damage(bytes).find("a structure that is damaged (FDT_ERR_"), std::string::npos) << damage(bytes);
}

}  // namespace
}  // namespace bootrig
