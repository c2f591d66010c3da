#include "machine/host_facts.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr const char* kGraviton =
    "architecture aarch64\nkernel Linux 6.1.0\ncores 16\nmemory-kib 33554432\nkvm-trouble \nkvm-gic 3\n"
    "qemu QEMU emulator version 7.2.22 (Debian) Copyright\naccelerators Accelerators supported: tcg kvm \n";

HostFacts graviton() {
  return parse_probe(kGraviton).value();
}
MachineSpec kvm(unsigned gic) {
  return {.accelerator = Accelerator::kKvm, .gic = gic};
}

TEST(ParseProbe, ReadsWhatTheAgentPrints) {
  const HostFacts facts = graviton();
  EXPECT_EQ(facts.architecture, "aarch64");
  EXPECT_EQ(facts.cores, 16u);
  EXPECT_EQ(facts.memory, std::uint64_t{32} << 30);
  EXPECT_EQ(facts.kvm_trouble, "");
  EXPECT_FALSE(facts.kvm_gicv2);
  EXPECT_TRUE(facts.kvm_gicv3);
  EXPECT_TRUE(facts.qemu_has_kvm);
}

TEST(ParseProbe, RefusesWhatIsNone) {
  EXPECT_EQ(parse_probe("sh: not found").error().message,
            "the agent's probe does not tell 'architecture', it says: sh: not found");
  EXPECT_FALSE(parse_probe(""));
}

TEST(CannotRun, SaysTheFirstReason) {
  const HostSpec host{.name = "graviton"};
  EXPECT_EQ(cannot_run(host, graviton(), kvm(3)), std::nullopt);
  EXPECT_EQ(cannot_run(host, graviton(), {}), std::nullopt);
  EXPECT_EQ(cannot_run(host, graviton(), kvm(2)), "its KVM offers no GICv2");
  MachineSpec machine = kvm(3);
  machine.level = 2;
  EXPECT_EQ(cannot_run(host, graviton(), machine), "KVM enters its guests at EL1, not at EL2");

  HostFacts facts = graviton();
  facts.qemu_has_kvm = false;
  EXPECT_EQ(cannot_run(host, facts, kvm(3)), "its QEMU is built without KVM");
  facts.kvm_trouble = "Permission denied";
  EXPECT_EQ(cannot_run(host, facts, kvm(3)), "/dev/kvm cannot be opened: Permission denied");
  facts.architecture = "x86_64";
  EXPECT_EQ(cannot_run(host, facts, kvm(3)), "it is x86_64; KVM runs AArch64 guests on AArch64 hosts alone");
  EXPECT_EQ(cannot_run(host, facts, {}), std::nullopt);
  facts.qemu_version = "";
  EXPECT_EQ(cannot_run(host, facts, {}), "qemu-system-aarch64 cannot be run there");
}

TEST(CannotRun, KeepsToWhatTheHostsFileGives) {
  const HostSpec host{.name = "graviton", .accelerators = {Accelerator::kKvm}};
  EXPECT_EQ(cannot_run(host, graviton(), {}), "the hosts file does not give it 'tcg'");
  EXPECT_EQ(cannot_run(host, graviton(), kvm(3)), std::nullopt);
}

}  // namespace
}  // namespace bootrig
