#include "image/elfloader_layout.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// A kernel of 2 MiB at the start of 1 GiB of memory, a rootserver of two pages.
ElfloaderParts parts() {
  ElfloaderParts parts;
  parts.memory = {{0x40000000, 0x40000000}};
  parts.kernel_memory = {{"kernel memory", 0x40000000, 0x80000000, ""}};
  parts.kernel.segments = {{.virtual_address = 0xffffff8040000000,
                            .physical_address = 0x40000000,
                            .file_size = 0x1000,
                            .memory_size = 2 * kMiB - 1}};
  parts.tree_size = 0x1dd1;
  parts.rootserver.segments = {{.virtual_address = 0x400000, .memory_size = 0x40},
                               {.virtual_address = 0x401000, .memory_size = 0x1000}};
  return parts;
}

TEST(ElfloaderLayout, FollowsTheElfloader) {
  const auto items = place_parts(parts());
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ(items->at(0).start, 0x40000000u);
  EXPECT_EQ(items->at(0).end, 0x40200000u);
  EXPECT_EQ(items->at(1).start, 0x40200000u);
  EXPECT_EQ(items->at(1).end, 0x40202000u);
  EXPECT_EQ(items->at(2).start, 0x40202000u);
  EXPECT_EQ(items->at(2).end, 0x40205000u) << "its pages, and one for its headers";
}

TEST(ElfloaderLayout, TheLoaderOverlapsNothing) {
  ElfloaderParts given = parts();
  EXPECT_EQ(place_loader(given, place_parts(given).value(), kMiB)->start, 0x40400000u);
  given.kernel.segments[0].memory_size = 9 * kMiB;
  EXPECT_EQ(place_loader(given, place_parts(given).value(), kMiB)->start, 0x40a00000u) << "behind a large kernel";
  given.reserved = {{0x40a00000, 16 * kMiB}};
  EXPECT_EQ(place_loader(given, place_parts(given).value(), kMiB)->start, 0x41a00000u) << "behind what is reserved";
  given.reserved = {{0x40000000, 0x40000000}};
  EXPECT_EQ(place_loader(given, place_parts(given).value(), kMiB).error().message,
            "no memory is left for the elfloader, 1048576 bytes; there is 0x40000000..0x80000000");
  given.memory.push_back({0x90000000, 0x10000000});
  EXPECT_EQ(place_loader(given, place_parts(given).value(), kMiB)->start, 0x90400000u);
}

TEST(ElfloaderLayout, RefusesWhatTheElfloaderWouldTripOver) {
  ElfloaderParts given = parts();
  given.rootserver.segments[0].virtual_address = 0x400040;
  EXPECT_EQ(place_parts(given).error().message,
            "the rootserver begins at 0x400040; the elfloader takes one that begins with a page, a multiple of 0x1000");
  given = parts();
  given.kernel.segments[0].physical_address = 0x3ff00000;
  EXPECT_EQ(place_parts(given).error().message,
            "kernel.elf would lie at 0x3ff00000..0x40100000, which is not in the memory of the device tree: "
            "0x40000000..0x80000000");
  given = parts();
  given.kernel_memory[0].end = 0xc0000000;
  EXPECT_EQ(place_parts(given).error().message,
            "the kernel was built to manage the memory 0x40000000..0xc0000000, and the device tree has "
            "0x40000000..0x80000000");
  given = parts();
  given.memory.clear();
  EXPECT_EQ(place_parts(given).error().message,
            "the kernel was built to manage the memory 0x40000000..0x80000000, and the device tree has none");
}

TEST(ElfloaderLayout, ChecksALinkedLoader) {
  const ElfloaderParts given = parts();
  const auto items = place_parts(given).value();
  ElfFile loader;
  loader.segments = {{.physical_address = 0x40400000, .memory_size = 0x24000}};
  const auto good = check_loader(given, items, loader);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->end, 0x40424000u);
  loader.segments[0].physical_address = 0x40200000;
  EXPECT_EQ(check_loader(given, items, loader).error().message,
            "the elfloader at 0x40200000..0x40224000 would overwrite itself with kernel.dtb at 0x40200000..0x40202000");
  loader.segments[0].physical_address = 0x7fff0000;
  EXPECT_EQ(check_loader(given, items, loader).error().message,
            "the elfloader lies at 0x7fff0000..0x80014000, which is not in the memory of the device tree: "
            "0x40000000..0x80000000");
}

TEST(ElfloaderLayout, HostileSizesAreErrors) {
  ElfloaderParts given = parts();
  given.kernel.segments[0].memory_size = ~std::uint64_t{0};
  EXPECT_FALSE(place_parts(given));
  given = parts();
  given.rootserver.segments[1].memory_size = ~std::uint64_t{0};
  EXPECT_FALSE(place_parts(given));
  given = parts();
  given.tree_size = ~std::uint64_t{0};
  EXPECT_FALSE(place_parts(given));
  given = parts();
  EXPECT_FALSE(place_loader(given, place_parts(given).value(), ~std::uint64_t{0}));
}

TEST(ElfloaderLayout, SaysWhatLiesWhere) {
  ElfloaderParts given = parts();
  given.reserved = {{0x50000000, 0x1000}};
  EXPECT_EQ(layout_text(given, {{"kernel.elf", 0x40000000, 0x40200000, "its segments"}}),
            "0x40000000..0x80000000   memory           the device tree\n"
            "0x40000000..0x80000000   kernel memory    what the kernel was built to manage\n"
            "0x40000000..0x40200000   kernel.elf       its segments\n"
            "0x50000000..0x50001000   reserved memory  the device tree\n");
}

TEST(PlatformMemory, IsReadOutOfTheKernelsPlatformData) {
  const auto regions = parse_platform_memory("platform_gen.yaml",
                                             "devices:\n- end: 0x8000000\n  start: 0x0\nmemory:\n"
                                             "- end: 0x80000000\n  start: 0x40000000\n- start: 4096\n  end: 8192\n");
  ASSERT_TRUE(regions);
  ASSERT_EQ(regions->size(), 2u);
  EXPECT_EQ(regions->at(0), (MemoryItem{"kernel memory", 0x40000000, 0x80000000, ""}));
  EXPECT_EQ(regions->at(1), (MemoryItem{"kernel memory", 0x1000, 0x2000, ""}));
}

std::string platform_error(std::string_view text) {
  const auto regions = parse_platform_memory("p.yaml", text);
  return regions ? "none" : to_text(regions.error());
}

TEST(PlatformMemory, RefusesWhatIsNone) {
  EXPECT_EQ(platform_error(""), "p.yaml: describes no memory");
  EXPECT_EQ(platform_error("memory: []\n"), "p.yaml: describes no memory");
  EXPECT_EQ(platform_error("memory:\n- end: 0x1000\n"), "p.yaml: has a region of memory without 'start' or 'end'");
  EXPECT_EQ(platform_error("memory:\n- end: 0x1000\n  start: 0x2000\n"),
            "p.yaml: has a region of memory that ends before it begins: 0x2000..0x1000");
  EXPECT_NE(platform_error("memory:\n- end: \xff\n  start: 0x2000\n"), "none");
  EXPECT_NE(platform_error("memory:\n- end: 0xfffffffffffffffff\n  start: 0x0\n"), "none");
}

}  // namespace
}  // namespace bootrig
