#include "machine/memory_map.h"

#include <gtest/gtest.h>

#include <random>

namespace bootrig {
namespace {

// As QEMU 7.2 prints it, shortened; its lines end in CR and LF.
constexpr std::string_view kTree =
    "FlatView #0\r\n"
    " AS \"I/O\", root: io\r\n"
    " Root memory region: io\r\n"
    "  0000000000000000-000000000000ffff (prio 0, i/o): io\r\n"
    "\r\n"
    "FlatView #1\r\n"
    " AS \"cpu-memory-0\", root: system\r\n"
    " AS \"memory\", root: system\r\n"
    " Root memory region: system\r\n"
    "  0000000000000000-0000000003ffffff (prio 0, romd): virt.flash0\r\n"
    "  0000000008000000-000000000800ffff (prio 0, i/o): gicv3_dist\r\n"
    "  0000000009000000-0000000009000fff (prio 0, i/o): pl011\r\n"
    "  0000000009030000-0000000009030fff (prio 0, ramd): pl061 @0000000000001000\r\n"
    "  0000000040000000-000000007fffffff (prio 0, ram): mach-virt.ram KVM\r\n"
    "  0000000080000000-00000000800fffff (prio -1, nv-ram): nvdimm @0000000000100000 KVM\r\n"
    "  0000008000000000-ffffffffffffffff (prio 0, i/o): all the rest\r\n"
    "\r\n"
    "FlatView #2\r\n"
    " AS \"other\", root: other\r\n"
    " Root memory region: other\r\n"
    "  000000000e000000-000000000effffff (prio 0, ram): virt.secure-ram\r\n";

std::optional<std::string> device_at(std::string_view text, std::uint64_t address) {
  const std::vector<MemoryRegion> map = parse_memory_map(text);
  const MemoryRegion* region = find_region(map, address);
  if (region == nullptr) return std::nullopt;
  return region->name;
}

TEST(MemoryMap, WhatIsAtAnAddress) {
  EXPECT_EQ(device_at(kTree, 0), "virt.flash0");
  EXPECT_EQ(device_at(kTree, 0x03ffffff), "virt.flash0");
  EXPECT_EQ(device_at(kTree, 0x04000000), std::nullopt);
  EXPECT_EQ(device_at(kTree, 0x08ffffff), std::nullopt);
  EXPECT_EQ(device_at(kTree, 0x09000000), "pl011");
  EXPECT_EQ(device_at(kTree, 0x09030010), "pl061");
  EXPECT_EQ(device_at(kTree, 0x0e000000), std::nullopt);
  EXPECT_EQ(device_at(kTree, 0x40000000), "mach-virt.ram");
  EXPECT_EQ(device_at(kTree, 0x80000000), "nvdimm");
  EXPECT_EQ(device_at(kTree, 0x90000000), std::nullopt);
  EXPECT_EQ(device_at(kTree, ~std::uint64_t{0}), "all the rest");
}

TEST(MemoryMap, MemoryAndDevices) {
  std::string memory;
  for (const MemoryRegion& region : parse_memory_map(kTree)) memory += region.memory ? region.name + " " : "";
  EXPECT_EQ(memory, "virt.flash0 mach-virt.ram nvdimm ");
}

TEST(MemoryMap, PassesOverWhatItDoesNotKnow) {
  for (const std::string_view line :
       {"", "  ", "x", "  0000000000000000-0000000000000fff", "  0000000000000000-0000000000000fff (prio 0): x",
        "  0000000000000000-0000000000000fff (prio 0, ram) x", "  0-fff (prio 0, ram): x",
        "  000000000000000g-0000000000000fff (prio 0, ram): x", "  -000000000000001-0000000000000fff (prio 0, ram): x",
        "  0000000000000fff-0000000000000000 (prio 0, ram): x",
        "  0x00000000000000-0000000000000fff (prio 0, ram): x"}) {
    EXPECT_TRUE(parse_memory_map("FlatView #0\n AS \"memory\", root: system\n" + std::string(line) + "\n").empty())
        << line;
  }
  EXPECT_TRUE(parse_memory_map("").empty());
  EXPECT_TRUE(parse_memory_map("  0000000000000000-0000000000000fff (prio 0, ram): x\n").empty());
  EXPECT_EQ(device_at("no such command", 0), std::nullopt);
}

TEST(MemoryMap, SurvivesNoise) {
  std::mt19937 random(5);
  std::size_t regions = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text(kTree);
    for (std::size_t edits = random() % 20; edits > 0; --edits)
      text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    const auto map = parse_memory_map(text);
    regions += map.size();
    for (const auto& region : map) EXPECT_LE(region.first, region.last);
    find_region(map, random());
  }
  EXPECT_GT(regions, 1000u);
}

}  // namespace
}  // namespace bootrig
