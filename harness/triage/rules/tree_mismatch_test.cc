// A device tree that says of the machine what is not so.
#include <fmt/format.h>
#include <libfdt.h>

#include "triage/rules/at_rest_test.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kExternalAbortWrite = 0x96000050;  // EC 0x25, WnR, DFSC 0x10

struct Said {
  std::uint64_t memory = 1 << 30;
  unsigned cpus = 1;
  std::string psci = "hvc";
  std::string console = "/uart@9000000";
  std::uint64_t uart = 0x09000000;
  std::string arguments = "panic=-1";
};

void add_reg(void* tree, std::uint64_t base, std::uint64_t size) {
  const fdt64_t cells[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};
  fdt_property(tree, "reg", cells, sizeof cells);
}

std::string tree_of(const Said& what) {
  std::string bytes(4096, '\0');
  void* const tree = bytes.data();
  fdt_create(tree, static_cast<int>(bytes.size()));
  fdt_finish_reservemap(tree);
  fdt_begin_node(tree, "");
  fdt_property_u32(tree, "#address-cells", 2);
  fdt_property_u32(tree, "#size-cells", 2);
  fdt_begin_node(tree, "memory");
  fdt_property_string(tree, "device_type", "memory");
  add_reg(tree, 0x40000000, what.memory);
  fdt_end_node(tree);
  fdt_begin_node(tree, fmt::format("uart@{:x}", what.uart).c_str());
  fdt_property_string(tree, "compatible", "arm,pl011");
  add_reg(tree, what.uart, 0x1000);
  fdt_end_node(tree);
  fdt_begin_node(tree, "psci");
  fdt_property_string(tree, "compatible", "arm,psci-1.0");
  fdt_property_string(tree, "method", what.psci.c_str());
  fdt_end_node(tree);
  fdt_begin_node(tree, "cpus");
  for (unsigned cpu = 0; cpu < what.cpus; ++cpu) {
    fdt_begin_node(tree, fmt::format("cpu@{}", cpu).c_str());
    fdt_property_string(tree, "device_type", "cpu");
    fdt_end_node(tree);
  }
  fdt_end_node(tree);
  fdt_begin_node(tree, "chosen");
  fdt_property_string(tree, "stdout-path", what.console.c_str());
  fdt_property_string(tree, "bootargs", what.arguments.c_str());
  fdt_end_node(tree);
  fdt_end_node(tree);
  EXPECT_EQ(fdt_finish(tree), 0);
  return bytes;
}

class TreeMismatchTest : public RestRuleTest {
 protected:
  TreeMismatchTest() {
    evidence_.given = &given_;
    evidence_.tree_of = [](const MachineSpec&) {
      const std::string bytes = tree_of({});
      return *parse_device_tree("", {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    };
  }
  void bring(const Said& what) { given_.image = {"loader.elf", "some code" + tree_of(what)}; }
  void give(const Said& what) { given_.tree = {"board.dtb", tree_of(what)}; }
  GivenFiles given_;
};

TEST_F(TreeMismatchTest, MemoryThatTheMachineDoesNotHave) {
  bring({.memory = std::uint64_t{4} << 30});
  put_exception(kExternalAbortWrite, kTestCode, 0x13ffffff8);
  EXPECT_EQ(cause(), "device-tree-mismatch");
  EXPECT_EQ(what(),
            "the device tree at byte 0x9 of loader.elf has reg of /memory = 0x40000000..0x140000000, and this machine "
            "has 0x40000000..0x80000000; 0x40400000 <start> accesses 0x13ffffff8");
  EXPECT_EQ(last_->cause->change,
            "set reg of /memory to 0x40000000..0x80000000 in the device tree, or boot on a machine that is as it says");
  put_exception(kExternalAbortWrite, kTestCode, 0x150000000);  // the tree does not say that
  EXPECT_EQ(cause(), "memory-beyond-ram");
  bring({});
  put_exception(kExternalAbortWrite, kTestCode, 0x13ffffff8);
  EXPECT_EQ(cause(), "memory-beyond-ram");
}

TEST_F(TreeMismatchTest, DeviceThatTheMachineDoesNotHave) {
  give({.console = "", .uart = 0x0b000000});
  put_exception(kExternalAbortWrite, kTestCode, 0x0b000018);
  EXPECT_EQ(cause(), "device-tree-mismatch");
  EXPECT_NE(what().find("board.dtb has reg of /uart@b000000 = 0xb000000..0xb001000"), std::string::npos) << what();
  put_exception(kExternalAbortWrite, kTestCode, 0x0c000018);
  EXPECT_EQ(cause(), "nothing-at-address");
}

TEST_F(TreeMismatchTest, MoreCpusThanThereAre) {
  evidence_.stopped_for = StoppedFor::kConsole;
  evidence_.transcript = "psci: failed to boot CPU1 (-22)\n";
  give({.cpus = 4});
  EXPECT_EQ(cause(), "device-tree-mismatch");
  EXPECT_NE(what().find("CPUs below /cpus = 4, and this machine has 1; the guest says 'psci: failed"),
            std::string::npos)
      << what();
  evidence_.transcript = "psci: failed to boot CPU1 (-22)\nKernel panic - not syncing: VFS: Unable to mount root fs\n";
  EXPECT_NE(cause(), "device-tree-mismatch");
}

TEST_F(TreeMismatchTest, FewerCpusAreNoCauseByThemselves) {
  evidence_.stopped_for = StoppedFor::kConsole;
  machine_.cpus = 4;
  evidence_.tree_of = [](const MachineSpec&) {
    const std::string bytes = tree_of({.cpus = 4});
    return *parse_device_tree("", {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  };
  give({.cpus = 2});
  EXPECT_EQ(cause(), "");
}

TEST_F(TreeMismatchTest, ConduitThatTheTreeNames) {
  put_exception(0x02000000, kTestCode, 0);
  put_code(kTestCode, {0xd4000003});  // smc #0
  bring({.psci = "smc"});
  EXPECT_EQ(cause(), "device-tree-mismatch");
  EXPECT_NE(what().find("method of /psci = smc, and this machine has hvc"), std::string::npos) << what();
  bring({});
  EXPECT_EQ(cause(), "conduit-mismatch");
}

TEST_F(TreeMismatchTest, SilentLinuxWhoseConsoleIsNoNode) {
  evidence_.stopped_for = StoppedFor::kGuest;
  put_code(kTestCode + 56, {0x644d5241});  // "ARM\x64"
  give({.console = "/uart@9010000"});
  EXPECT_EQ(cause(), "device-tree-mismatch");
  EXPECT_NE(what().find("stdout-path of /chosen = /uart@9010000, which is no node"), std::string::npos) << what();
  evidence_.transcript = "[    0.000000] Linux version 6.1.0\n";
  EXPECT_EQ(cause(), "");
  evidence_.transcript = "";
  data_.device_tree = tree_of({.console = "/uart@9010000", .arguments = "panic=-1 console=ttyAMA0"});
  EXPECT_EQ(cause(), "");  // stdout-path is not what Linux takes
  data_.device_tree = tree_of({.console = "/uart@9010000"});
  EXPECT_EQ(cause(), "device-tree-mismatch");
  give({});
  EXPECT_EQ(cause(), "");
  give({.console = "/uart@9010000"});
  put_code(kTestCode + 56, {0});  // no Linux
  EXPECT_EQ(cause(), "");
}

TEST_F(TreeMismatchTest, WordsInTheLogOfASilentLinux) {
  evidence_.stopped_for = StoppedFor::kTime;
  // Its header: magic, and 8 KiB in memory, of which the file has 4.
  put_code(kTestCode + 16, {0x2000, 0});
  put_code(kTestCode + 56, {0x644d5241});
  given_.image = {"Image", std::string(0x1000, 'x')};
  const std::string log = std::string("\x05\0\0\0\0\0\0\0", 8) +
                          "Booting Linux on physical CPU 0x0000000000 [0x410fd034]" + std::string(9, '\0') +
                          "Error: invalid device tree blob at physical address 0x0000000000000000 (virtual address 0)";
  data_.memory[kTestCode].replace(0x1100, log.size(), log);
  EXPECT_EQ(cause(), "device-tree-not-given");
  EXPECT_NE(what().find("(in its log in memory)"), std::string::npos) << what();
}

}  // namespace
}  // namespace bootrig
