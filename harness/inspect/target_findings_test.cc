// Images held against targets: each defect in a broken image, none in its sound twin.
#include <gmock/gmock.h>

#include "inspect/code_writer_test.h"
#include "inspect/findings.h"
#include "inspect/only_test.h"

namespace bootrig {
namespace {

using namespace code;
using Severity = Finding::Severity;
using ::testing::Contains;
using ::testing::HasSubstr;

// As QEMU's virt: GIC, UART, one CPU, 1 GiB.
DeviceTree machine_tree(unsigned gic, std::string psci) {
  DeviceTree tree;
  tree.memory = {{0x40000000, 1 << 30}};
  tree.gic_version = gic;
  tree.gic = {{0x08000000, 0x10000},
              gic == 2 ? DeviceTree::Range{0x08010000, 0x10000} : DeviceTree::Range{0x080a0000, 0xf60000}};
  tree.psci_method = std::move(psci);
  tree.cpus = 1;
  tree.console = "pl011@9000000";
  tree.uart = DeviceTree::Range{0x09000000, 0x1000};
  tree.devices = {{"/intc@8000000", gic == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3", tree.gic, true},
                  {"/pl011@9000000", "arm,pl011", {*tree.uart}, true},
                  {"/flash@0", "cfi-flash", {{0, 0x04000000}}, true}};
  return tree;
}

struct Target {
  unsigned level = 1;
  unsigned gic = 2;
  bool kvm = false;
};

std::vector<Finding> find_on_target(const ImageContents& contents, const std::string& bytes, Target target) {
  const DeviceTree own = machine_tree(target.gic, target.level == 1 ? "hvc" : target.level == 2 ? "smc" : "");
  const TargetPlace place{.name = "the target",
                          .memory = 0x40000000,
                          .memory_size = 1 << 30,
                          .level = target.level,
                          .gic = target.gic,
                          .kvm = target.kvm,
                          .other_gic = machine_tree(5 - target.gic, "").gic[1],
                          .tree = [&own] { return &own; }};
  return find_problems(contents, bytes, {}, place);
}

std::vector<Finding> find_on_target(const std::vector<std::uint32_t>& words, Target target = {}) {
  const std::string bytes = code_elf(words);
  const auto contents = read_contents("image", bytes, std::nullopt);
  EXPECT_TRUE(contents);
  return find_on_target(*contents, bytes, target);
}

TEST(TargetFindings, RegisterOfEl2) {
  const std::vector<std::uint32_t> blind = {kWriteHcr, kHalt};
  const Finding finding = only(find_on_target(blind));
  EXPECT_EQ(finding.name, "wrong-level");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_EQ(finding.what, "the image needs EL2, and the target enters at EL1");
  EXPECT_EQ(finding.evidence.front(), "0x40400000: msr HCR_EL2");
  EXPECT_TRUE(find_on_target(blind, {.level = 2}).empty());
  EXPECT_TRUE(find_on_target({kReadLevel, kLevelIs2, unless_equal(2), kWriteHcr, kHalt}).empty());
}

TEST(TargetFindings, VectorsOfEl1AtEl2) {
  const Finding finding = only(find_on_target({kWriteVbarEl1, kHalt}, {.level = 2}));
  EXPECT_EQ(finding.name, "wrong-level");
  EXPECT_EQ(finding.severity, Severity::kWarning);
  EXPECT_TRUE(find_on_target({kWriteVbarEl1, kHalt}).empty());
  EXPECT_TRUE(find_on_target({kWriteVbarEl1, kEret}, {.level = 2}).empty());  // it goes down
}

TEST(TargetFindings, ConduitOfPsci) {
  const std::vector<std::uint32_t> smc = {high(0, 0x8400), kSmc, kHalt}, hvc = {high(0, 0x8400), kHvc, kHalt};
  const Finding finding = only(find_on_target(smc));
  EXPECT_EQ(finding.name, "conduit-mismatch");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_EQ(finding.what, "the image calls PSCI by smc, and the target has it by hvc");
  EXPECT_EQ(finding.evidence.front(), "0x40400004: smc #0, PSCI_VERSION (0x84000000) in x0");
  EXPECT_THAT(finding.evidence, Contains("method of /psci in the tree of the target: hvc"));
  EXPECT_TRUE(find_on_target(smc, {.level = 2}).empty());
  EXPECT_TRUE(find_on_target(hvc).empty());
  EXPECT_EQ(only(find_on_target(hvc, {.level = 2})).name, "conduit-mismatch");
  EXPECT_EQ(only(find_on_target(smc, {.kvm = true})).severity, Severity::kWarning);
  // Another call than one of PSCI, and a choice.
  EXPECT_TRUE(find_on_target({high(0, 0x8200), kSmc, kHalt}).empty());
  EXPECT_TRUE(find_on_target({high(0, 0x8400), if_x3_zero(3), kSmc, kHalt, kHvc, kHalt}).empty());
}

TEST(TargetFindings, RegistersOfGic3) {
  const Finding finding = only(find_on_target({kWriteIccSre, kHalt}));
  EXPECT_EQ(finding.name, "gic-mismatch");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_TRUE(find_on_target({kWriteIccSre, kHalt}, {.gic = 3}).empty());
  // mrs x3, id_aa64pfr0_el1; cbz x3
  EXPECT_TRUE(find_on_target({0xd5380403, if_x3_zero(2), kWriteIccSre, kRet}).empty());
  EXPECT_EQ(only(find_on_target({if_x3_zero(2), kWriteIccSre, kRet})).severity, Severity::kWarning);
}

TEST(TargetFindings, InterfaceOfTheOtherGic) {
  const std::vector<std::uint32_t> two = {high(1, 0x801), kStoreW2AtX1, kHalt},
                                   three = {high(1, 0x80a), kStoreW2AtX1, kHalt};
  EXPECT_TRUE(find_on_target(two).empty());
  const Finding finding = only(find_on_target(two, {.gic = 3}));
  EXPECT_EQ(finding.name, "gic-mismatch");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_EQ(finding.evidence.front(), "0x40400004: str w2, [x1], at 0x8010000");
  EXPECT_EQ(only(find_on_target(three)).name, "gic-mismatch");
  EXPECT_TRUE(find_on_target(three, {.gic = 3}).empty());
  const Finding guess = only(find_on_target({0xf9400044, high(1, 0x801), 0x8b040021, kStoreW2AtX1, kRet}, {.gic = 3}));
  EXPECT_EQ(guess.severity, Severity::kWarning);
  EXPECT_THAT(guess.evidence, Contains(HasSubstr("a guess")));
  EXPECT_TRUE(find_on_target({if_x3_zero(3), high(1, 0x801), kStoreW2AtX1, kRet}, {.gic = 3}).empty());
}

TEST(TargetFindings, WhatKvmCannotEmulate) {
  const std::vector<std::uint32_t> moving = {high(1, 0x800), kStoreAndMove, if_x3_zero(-1), kHalt};
  const Finding finding = only(find_on_target(moving, {.kvm = true}));
  EXPECT_EQ(finding.name, "kvm-cannot-emulate");
  EXPECT_EQ(finding.severity, Severity::kWarning);
  EXPECT_THAT(finding.evidence, Contains("/intc@8000000 in the tree of the target"));
  EXPECT_TRUE(find_on_target(moving).empty());
  EXPECT_TRUE(find_on_target({high(1, 0x800), kStoreW2AtX1, kHalt}, {.kvm = true}).empty());
  EXPECT_TRUE(find_on_target({high(1, 0x4050), kStoreAndMove, kHalt}, {.kvm = true}).empty());  // memory
  EXPECT_TRUE(
      find_on_target({high(1, 0x0005), kStoreAndMove, kHalt}, {.kvm = true}).empty());  // an offset: flash is at 0
}

class TargetTrees : public ::testing::Test {
 protected:
  std::vector<Finding> find_with(DeviceTree tree, Target target = {}) {
    const std::string bytes = code_elf(calls_);
    auto contents = read_contents("image", bytes, std::nullopt);
    EXPECT_TRUE(contents);
    contents->trees.push_back({0x100, std::move(tree)});
    return find_on_target(*contents, bytes, target);
  }
  std::vector<std::uint32_t> calls_ = {kHalt};
};

TEST_F(TargetTrees, SoundOneHasNone) {
  EXPECT_TRUE(find_with(machine_tree(2, "hvc")).empty());
  DeviceTree smaller = machine_tree(2, "hvc");
  smaller.memory = {{0x40000000, 1 << 28}};
  EXPECT_TRUE(find_with(smaller).empty());
}

TEST_F(TargetTrees, MoreMemory) {
  DeviceTree tree = machine_tree(2, "hvc");
  tree.memory = {{0x40000000, std::uint64_t{2} << 30}};
  const Finding finding = only(find_with(tree));
  EXPECT_EQ(finding.name, "tree-memory");
  EXPECT_EQ(finding.evidence[0], "reg of /memory in the image's tree, at byte 0x100: 0x40000000..0xc0000000");
  EXPECT_EQ(finding.evidence[1], "reg of /memory in the tree of the target: 0x40000000..0x80000000");
}

TEST_F(TargetTrees, OtherGicConsoleAndCpus) {
  EXPECT_EQ(only(find_with(machine_tree(3, "hvc"))).name, "tree-gic");
  DeviceTree uart = machine_tree(2, "hvc");
  uart.uart = DeviceTree::Range{0xfe201000, 0x200};
  EXPECT_EQ(only(find_with(uart)).name, "tree-uart");
  DeviceTree cpus = machine_tree(2, "hvc");
  cpus.cpus = 4;
  EXPECT_EQ(only(find_with(cpus)).what, "the device tree in the image has 4 CPUs, and the target has 1");
}

TEST_F(TargetTrees, ConduitCountsWhereFirmwareIsCalled) {
  EXPECT_TRUE(find_with(machine_tree(2, "smc")).empty());
  calls_ = {kHvc, kHalt};
  EXPECT_EQ(only(find_with(machine_tree(2, "smc"))).name, "tree-psci");
}

TEST_F(TargetTrees, ImageThatChoosesAmongSeveral) {
  const std::string bytes = code_elf({kHalt});
  auto contents = read_contents("image", bytes, std::nullopt);
  ASSERT_TRUE(contents);
  contents->trees = {{0x100, machine_tree(3, "hvc")}, {0x200, machine_tree(2, "hvc")}};
  EXPECT_TRUE(find_on_target(*contents, bytes, {}).empty());
}

}  // namespace
}  // namespace bootrig
