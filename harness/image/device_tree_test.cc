// Trees as QEMU makes them, and trees written here: foreign, odd and broken.
#include "image/device_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libfdt.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/file.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using Range = DeviceTree::Range;
using Ranges = std::vector<Range>;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string cells(const std::vector<std::uint32_t>& values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  }
  return bytes;
}

// A tree written by libfdt: properties, nodes and their ends in order.
class Writer {
 public:
  Writer() : bytes_(65536, '\0') {
    CHECK(fdt_create(bytes_.data(), static_cast<int>(bytes_.size())) == 0);
    CHECK(fdt_add_reservemap_entry(bytes_.data(), 0x4f000000, 0x1000) == 0);
    CHECK(fdt_finish_reservemap(bytes_.data()) == 0);
    begin("");
  }
  Writer& begin(const std::string& name) {
    CHECK(fdt_begin_node(bytes_.data(), name.c_str()) == 0);
    return *this;
  }
  Writer& end() {
    CHECK(fdt_end_node(bytes_.data()) == 0);
    return *this;
  }
  Writer& raw(const std::string& name, const std::string& value) {
    CHECK(fdt_property(bytes_.data(), name.c_str(), value.data(), static_cast<int>(value.size())) == 0);
    return *this;
  }
  Writer& text(const std::string& name, const std::string& value) { return raw(name, value + '\0'); }
  Writer& numbers(const std::string& name, const std::vector<std::uint32_t>& values) {
    return raw(name, cells(values));
  }
  // The whole blob; the root ends here.
  std::string finish() {
    end();
    CHECK(fdt_finish(bytes_.data()) == 0);
    return bytes_.substr(0, fdt_totalsize(bytes_.data()));
  }

 private:
  std::string bytes_;
};

Result<DeviceTree> parse(const std::string& blob) {
  return parse_device_tree("x.dtb", bytes_of(blob));
}

const DeviceTree::Device* device(const DeviceTree& tree, std::string_view path) {
  const auto found = std::ranges::find(tree.devices, path, &DeviceTree::Device::path);
  return found == tree.devices.end() ? nullptr : &*found;
}

class QemuTree : public ::testing::Test {
 protected:
  std::string dump(const std::string& machine, const std::vector<std::string>& more = {}) {
    const auto file = folder_.path() / "tree.dtb";
    std::vector<std::string> argv{"qemu-system-aarch64", "-display", "none", "-machine",
                                  fmt::format("virt,{},dumpdtb={}", machine, file.string())};
    argv.insert(argv.end(), more.begin(), more.end());
    ForkingLauncher launcher;
    const auto result =
        run_command(launcher, {.argv = argv}, Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    EXPECT_TRUE(result && !result->timed_out) << argv.back();
    const auto bytes = read_file(file);
    EXPECT_TRUE(bytes) << (result ? result->output : "");
    return bytes.value_or("");
  }

  TestFolder folder_;
};

TEST_F(QemuTree, Gic2) {
  const auto tree = parse(dump("gic-version=2", {"-cpu", "cortex-a53", "-m", "2G"}));
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->memory, (Ranges{{0x40000000, 0x80000000}}));
  EXPECT_EQ(tree->gic_version, 2u);
  EXPECT_EQ(tree->gic, (Ranges{{0x08000000, 0x10000}, {0x08010000, 0x10000}}));
  EXPECT_EQ(tree->psci_method, "hvc");
  EXPECT_EQ(tree->cpus, 1u);
  EXPECT_EQ(tree->console, "pl011@9000000");
  EXPECT_EQ(tree->uart, (Range{0x09000000, 0x1000}));
  EXPECT_EQ(tree->initrd, std::nullopt);
  EXPECT_TRUE(tree->reserved.empty());
  ASSERT_NE(device(*tree, "/pl011@9000000"), nullptr);
  EXPECT_EQ(device(*tree, "/pl011@9000000")->compatible, "arm,pl011");
  EXPECT_EQ(device(*tree, "/pl011@9000000")->ranges, (Ranges{{0x09000000, 0x1000}}));
  ASSERT_NE(device(*tree, "/cpus/cpu@0"), nullptr);
  EXPECT_TRUE(device(*tree, "/cpus/cpu@0")->ranges.empty());  // its reg is its number
  ASSERT_NE(device(*tree, "/intc@8000000/v2m@8020000"), nullptr);
  EXPECT_EQ(device(*tree, "/intc@8000000/v2m@8020000")->ranges, (Ranges{{0x08020000, 0x1000}}));
}

TEST_F(QemuTree, Gic3WithVirtualization) {
  const auto tree = parse(dump("gic-version=3,virtualization=on", {"-cpu", "cortex-a53", "-smp", "4", "-m", "512M"}));
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->memory, (Ranges{{0x40000000, 0x20000000}}));
  EXPECT_EQ(tree->gic_version, 3u);
  EXPECT_EQ(tree->gic, (Ranges{{0x08000000, 0x10000}, {0x080a0000, 0xf60000}}));
  EXPECT_EQ(tree->psci_method, "smc");
  EXPECT_EQ(tree->cpus, 4u);
}

TEST_F(QemuTree, Gic2WithVirtualization) {
  const auto tree = parse(dump("gic-version=2,virtualization=on", {"-cpu", "cortex-a53"}));
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->gic, (Ranges{{0x08000000, 0x10000}, {0x08010000, 0x10000}}));  // not GICH and GICV
}

TEST_F(QemuTree, WithTheSecureWorld) {
  const auto tree = parse(dump("gic-version=3,secure=on", {"-cpu", "cortex-a53", "-m", "1G"}));
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->psci_method, "");                             // firmware's, which is not there
  EXPECT_EQ(tree->memory, (Ranges{{0x40000000, 0x40000000}}));  // not the secure one
  ASSERT_NE(device(*tree, "/pl011@9040000"), nullptr);
  EXPECT_FALSE(device(*tree, "/pl011@9040000")->enabled);
  EXPECT_EQ(tree->console, "pl011@9000000");
}

TEST_F(QemuTree, TwoRegionsOfRedistributors) {
  const auto tree = parse(dump("gic-version=3", {"-cpu", "cortex-a53", "-smp", "200", "-m", "1G"}));
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->cpus, 200u);
  ASSERT_EQ(tree->gic.size(), 3u);  // of 123 and 77
  EXPECT_EQ(tree->gic[2].base, 0x4000000000u);
}

TEST(DeviceTree, TellsOfTheChosen) {
  const auto tree = parse(Writer()
                              .begin("chosen")
                              .text("bootargs", "console=ttyAMA0 \x1b[31m")
                              .numbers("linux,initrd-start", {0x48000000})
                              .numbers("linux,initrd-end", {0, 0x48001234})
                              .text("stdout-path", "serial0:115200n8")
                              .end()
                              .begin("aliases")
                              .text("serial0", "/soc/uart@100")
                              .end()
                              .begin("soc")
                              .numbers("#address-cells", {1})
                              .numbers("#size-cells", {1})
                              .numbers("ranges", {0x0, 0x1, 0xfe000000, 0x1000})
                              .begin("uart@100")
                              .raw("compatible", std::string("brcm,uart\0arm,pl011\0", 20))
                              .numbers("reg", {0x100, 0x40})
                              .end()
                              .end()
                              .finish());
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->bootargs, "console=ttyAMA0 \x1b[31m");
  EXPECT_EQ(tree->initrd, (Range{0x48000000, 0x1234}));
  EXPECT_EQ(tree->console, "uart@100");
  EXPECT_EQ(tree->uart, (Range{0x1fe000100, 0x40}));
  EXPECT_EQ(tree->reserved, (Ranges{{0x4f000000, 0x1000}}));
  ASSERT_EQ(tree->devices.size(), 1u);
  EXPECT_EQ(tree->devices[0].path, "/soc/uart@100");
  EXPECT_EQ(tree->devices[0].compatible, "brcm,uart");
}

// The root says nothing of cells: addresses have 2, sizes 1.
TEST(DeviceTree, CellsByDefaultAndByParent) {
  const auto tree = parse(Writer()
                              .begin("memory@80000000")
                              .text("device_type", "memory")
                              .numbers("reg", {0, 0x80000000, 0x1000, 8, 0, 0x2000, 99})
                              .end()
                              .begin("reserved-memory")
                              .numbers("#address-cells", {1})
                              .numbers("#size-cells", {2})
                              .raw("ranges", "")
                              .begin("atf@80000000")
                              .numbers("reg", {0x80000000, 1, 0x800})
                              .end()
                              .end()
                              .finish());
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ(tree->memory, (Ranges{{0x80000000, 0x1000}, {0x800000000, 0x2000}}));
  EXPECT_EQ(tree->reserved, (Ranges{{0x4f000000, 0x1000}, {0x80000000, 0x100000800}}));
}

TEST(DeviceTree, WhatTheProcessorCannotAddress) {
  const auto tree = parse(Writer()
                              .begin("i2c")  // no "ranges": its children's numbers are its own
                              .text("compatible", "x,i2c")
                              .begin("rtc@68")
                              .text("compatible", "x,rtc")
                              .numbers("reg", {0, 0x68, 1})
                              .end()
                              .end()
                              .begin("pcie")
                              .text("compatible", "x,pcie")
                              .numbers("reg", {0x40, 0, 0x1000})
                              .numbers("#address-cells", {3})
                              .numbers("#size-cells", {2})
                              .numbers("ranges", {0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000})
                              .begin("card@1")
                              .text("compatible", "x,card")
                              .numbers("reg", {0x1000000, 0, 0, 0, 16})
                              .end()
                              .end()
                              .begin("soc")
                              .numbers("ranges", {0, 0, 0, 0x1000, 0x100})
                              .begin("outside@100")
                              .text("compatible", "x,outside")
                              .numbers("reg", {0, 0x100, 1, 0, 0xff, 1})
                              .end()
                              .end()
                              .finish());
  ASSERT_TRUE(tree) << to_text(tree.error());
  ASSERT_EQ(tree->devices.size(), 5u);
  EXPECT_TRUE(device(*tree, "/i2c/rtc@68")->ranges.empty());
  EXPECT_EQ(device(*tree, "/pcie")->ranges, (Ranges{{0x4000000000, 0x1000}}));
  EXPECT_TRUE(device(*tree, "/pcie/card@1")->ranges.empty());
  EXPECT_EQ(device(*tree, "/soc/outside@100")->ranges, (Ranges{{0x10ff, 1}}));
}

TEST(DeviceTree, AliasesThatGoNowhere) {
  for (const char* target : {"serial0", "", "/nothing", "serial1:x", ":"}) {
    const auto tree = parse(Writer()
                                .begin("chosen")
                                .text("stdout-path", "serial0")
                                .end()
                                .begin("aliases")
                                .text("serial0", target)
                                .end()
                                .finish());
    ASSERT_TRUE(tree) << target;
    EXPECT_EQ(tree->console, "") << target;
    EXPECT_EQ(tree->uart, std::nullopt);
  }
}

// Small blobs that would ask for much.
TEST(DeviceTree, Excess) {
  Writer deep;
  for (int i = 0; i < 40; ++i) deep.begin("n");
  for (int i = 0; i < 40; ++i) deep.end();
  EXPECT_TRUE(to_text(parse(deep.finish()).error()).contains("nested more than 32 deep"));
  EXPECT_FALSE(parse(Writer().begin(std::string(1100, 'n')).end().finish()));
  const auto many = Writer().begin("bus").numbers("ranges", std::vector<std::uint32_t>(5 * 65)).end().finish();
  EXPECT_EQ(to_text(parse(many).error()), "x.dtb: is no sound device tree: /bus has more than 64 ranges");
  EXPECT_TRUE(parse(Writer().numbers("#address-cells", {0xffffffff}).begin("a").numbers("reg", {1}).end().finish()));
  EXPECT_TRUE(parse(Writer()
                        .numbers("#address-cells", {0})
                        .numbers("#size-cells", {0})
                        .begin("a")
                        .numbers("reg", {1})
                        .end()
                        .finish()));
}

std::string sample() {
  return Writer()
      .text("compatible", "x,board")
      .begin("chosen")
      .text("stdout-path", "/uart@1")
      .end()
      .begin("bus")
      .numbers("ranges", {0, 0, 0, 0x1000, 0x100})
      .begin("uart@1")
      .text("compatible", "x,uart")
      .numbers("reg", {0, 1, 1})
      .end()
      .end()
      .finish();
}

TEST(DeviceTree, CutOffAnywhere) {
  const std::string whole = sample();
  ASSERT_TRUE(parse(whole));
  EXPECT_TRUE(parse(whole + "more"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto tree = parse(whole.substr(0, size));
    ASSERT_FALSE(tree) << size;
    EXPECT_EQ(tree.error().place, "x.dtb");
  }
  EXPECT_EQ(to_text(parse("\x7f"
                          "ELF and more of it")
                        .error()),
            "x.dtb: is no sound device tree: FDT_ERR_TRUNCATED");
  EXPECT_EQ(to_text(parse(std::string(100, 'x')).error()), "x.dtb: is no sound device tree: FDT_ERR_BADMAGIC");
}

TEST(DeviceTree, AnyBytes) {
  const std::string whole = sample();
  std::mt19937 random(3);
  unsigned sound = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string broken = whole;
    for (unsigned change = 0; change <= random() % 4; ++change) {
      broken[random() % broken.size()] = static_cast<char>(random() % 2 == 0 ? 0xff : random());
    }
    sound += parse(broken) ? 1 : 0;
  }
  EXPECT_GT(sound, 0u);
  EXPECT_LT(sound, 20000u);
}

TEST(FindDeviceTrees, AmongOtherBytes) {
  const std::string blob = sample();
  const std::string magic = "\xd0\x0d\xfe\xed";
  EXPECT_TRUE(find_device_trees({}).empty());
  EXPECT_TRUE(find_device_trees(bytes_of(magic)).empty());
  EXPECT_TRUE(find_device_trees(bytes_of(magic + std::string(100, '\0'))).empty());
  EXPECT_TRUE(find_device_trees(bytes_of(magic + std::string(100, '\xff'))).empty());
  const std::string all = "abc" + magic + blob + "between" + blob + magic;
  EXPECT_EQ(find_device_trees(bytes_of(all)), (std::vector<std::size_t>{7, 14 + blob.size()}));
  EXPECT_TRUE(find_device_trees(bytes_of(blob.substr(0, blob.size() - 1))).empty());
}

}  // namespace
}  // namespace bootrig
