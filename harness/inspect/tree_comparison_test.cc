#include "inspect/tree_comparison.h"

#include <gtest/gtest.h>

#include <functional>

#include "inspect/only_test.h"

namespace bootrig {
namespace {

using About = TreeMismatch::About;

// As QEMU's virt: GICv2, one PL011, one CPU, 1 GiB.
DeviceTree machine_tree() {
  DeviceTree tree;
  tree.memory = {{0x40000000, 1 << 30}};
  tree.gic_version = 2;
  tree.gic = {{0x08000000, 0x10000}, {0x08010000, 0x10000}};
  tree.psci_method = "hvc";
  tree.cpus = 2;
  tree.timer_interrupts = {1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104};
  tree.stdout_path = "/pl011@9000000";
  tree.console = "pl011@9000000";
  tree.uart = DeviceTree::Range{0x09000000, 0x1000};
  tree.devices = {{"/intc@8000000", "arm,cortex-a15-gic", tree.gic, true},
                  {"/pl011@9000000", "arm,pl011", {*tree.uart}, true},
                  {"/cpus/cpu@0", "arm,cortex-a53", {}, true}};
  return tree;
}

std::vector<TreeMismatch> after(const std::function<void(DeviceTree&)>& change) {
  DeviceTree tree = machine_tree();
  change(tree);
  return compare_trees(tree, machine_tree());
}

TEST(TreeComparison, EqualTreesAgree) {
  EXPECT_TRUE(compare_trees(machine_tree(), machine_tree()).empty());
  EXPECT_TRUE(compare_trees({}, machine_tree()).empty());
  // A machine without PSCI has no such node; of all else an empty tree tells nothing.
  EXPECT_EQ(only(compare_trees(machine_tree(), {})).own, "no such node");
}

TEST(TreeComparison, Memory) {
  const auto found = only(after([](DeviceTree& tree) { tree.memory = {{0x40000000, std::uint64_t{2} << 30}}; }));
  EXPECT_EQ(found.about, About::kMemory);
  EXPECT_EQ(found.property, "reg of /memory");
  EXPECT_EQ(found.found, "0x40000000..0xc0000000");
  EXPECT_EQ(found.own, "0x40000000..0x80000000");
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.memory = {{0x40000000, 1 << 28}}; }).empty());
}

TEST(TreeComparison, GicOfAnotherVersionOrAtAnotherPlace) {
  const auto version = only(after([](DeviceTree& tree) { tree.gic_version = 3; }));
  EXPECT_EQ(version.found, "GICv3 (/intc@8000000)");
  EXPECT_EQ(version.own, "GICv2 (/intc@8000000)");
  const auto place = only(after([](DeviceTree& tree) { tree.gic = {{0x2c001000, 0x1000}}; }));
  EXPECT_EQ(place.property, "reg of the interrupt controller");
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.gic_version.reset(); }).empty());
}

TEST(TreeComparison, ConsoleThatIsNotThere) {
  const auto node = only(after([](DeviceTree& tree) {
    tree.stdout_path = "/pl011@9010000";
    tree.console.clear();
    tree.uart.reset();
  }));
  EXPECT_EQ(node.about, About::kUart);
  EXPECT_EQ(node.found, "/pl011@9010000, which is no node");
  EXPECT_EQ(node.own, "pl011@9000000");
  const auto place = only(after([](DeviceTree& tree) { tree.uart = DeviceTree::Range{0xfe201000, 0x200}; }));
  EXPECT_EQ(place.property, "stdout-path of /chosen");
  EXPECT_TRUE(after([](DeviceTree& tree) {
                tree.stdout_path = tree.console = "";
                tree.uart.reset();
              }).empty());
}

TEST(TreeComparison, PsciCpusAndTimer) {
  EXPECT_EQ(only(after([](DeviceTree& tree) { tree.psci_method = "smc"; })).own, "hvc");
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.psci_method = ""; }).empty());
  EXPECT_EQ(only(after([](DeviceTree& tree) { tree.cpus = 4; })).found, "4");
  EXPECT_EQ(only(after([](DeviceTree& tree) { tree.cpus = 1; })).found, "1");
  const auto timer = only(after([](DeviceTree& tree) { tree.timer_interrupts[4] = 15; }));
  EXPECT_EQ(timer.about, About::kTimer);
  EXPECT_EQ(timer.found, "PPI 13, 15, 11, 10");
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.timer_interrupts[2] = 0xf08; }).empty());  // flags
}

TEST(TreeComparison, ReservedMemoryOutsideRam) {
  EXPECT_EQ(only(after([](DeviceTree& tree) { tree.reserved = {{0x90000000, 0x1000}}; })).about, About::kReserved);
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.reserved = {{0x50000000, 0x1000}}; }).empty());
}

TEST(TreeComparison, CompatibleThatDiffersByALetter) {
  const auto found = only(after([](DeviceTree& tree) { tree.devices[1].compatible = "arm,pl01q"; }));
  EXPECT_EQ(found.about, About::kCompatible);
  EXPECT_EQ(found.property, "compatible of /pl011@9000000");
  EXPECT_EQ(found.own, "arm,pl011");
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.devices[1].compatible = "arm,PL011"; }).empty());
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.devices[2].compatible = "arm,cortex-a57"; }).empty());
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.devices[0].compatible = "arm,gic-400"; }).empty());
  EXPECT_TRUE(after([](DeviceTree& tree) { tree.devices[0].compatible = "arm,cortex-a17-gic"; }).empty());  // is known
}

}  // namespace
}  // namespace bootrig
