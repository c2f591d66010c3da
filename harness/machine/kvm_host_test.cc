#include "machine/kvm_host.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr const char* kHelpWithKvm = "Accelerators supported in QEMU binary:\ntcg\nkvm\n";
constexpr const char* kHelpWithoutKvm = "Accelerators supported in QEMU binary:\ntcg\n";

MachineSpec kvm_machine() {
  return {.accelerator = Accelerator::kKvm};
}

KvmHost good_host() {
  return {.architecture = "aarch64",
          .accelerators = [](const std::string&) { return std::optional<std::string>(kHelpWithKvm); }};
}

TEST(KvmUnavailable, AGoodHostHasIt) {
  EXPECT_EQ(kvm_unavailable(good_host(), kvm_machine()), std::nullopt);
}

TEST(KvmUnavailable, TcgNeedsNothing) {
  const KvmHost host{.architecture = "x86_64",
                     .device_trouble = "No such file or directory",
                     .accelerators = [](const std::string&) -> std::optional<std::string> { return std::nullopt; }};
  EXPECT_EQ(kvm_unavailable(host, {}), std::nullopt);
}

TEST(KvmUnavailable, OtherArchitecture) {
  KvmHost host = good_host();
  host.architecture = "x86_64";
  EXPECT_EQ(kvm_unavailable(host, kvm_machine()),
            "this host is x86_64; KVM runs AArch64 guests on AArch64 hosts alone");
}

TEST(KvmUnavailable, NoDevice) {
  KvmHost host = good_host();
  host.device_trouble = "Permission denied";
  EXPECT_EQ(kvm_unavailable(host, kvm_machine()), "/dev/kvm cannot be opened: Permission denied");
}

TEST(KvmUnavailable, QemuWithoutKvm) {
  KvmHost host = good_host();
  host.accelerators = [](const std::string&) { return std::optional<std::string>(kHelpWithoutKvm); };
  EXPECT_EQ(kvm_unavailable(host, kvm_machine()), "qemu-system-aarch64 is built without KVM");
}

TEST(KvmUnavailable, OtherInterruptController) {
  KvmHost host = good_host();
  host.gicv2 = false;
  EXPECT_EQ(kvm_unavailable(host, kvm_machine()), "KVM of this host offers no GICv2");
  MachineSpec machine = kvm_machine();
  machine.gic = 3;
  EXPECT_EQ(kvm_unavailable(host, machine), std::nullopt);
}

TEST(KvmUnavailable, OtherLevel) {
  MachineSpec machine = kvm_machine();
  machine.level = 2;
  EXPECT_EQ(kvm_unavailable(good_host(), machine), "KVM enters its guests at EL1, not at EL2");
}

// A QEMU that is missing is an error of the environment, found at the start, and no reason to skip.
TEST(KvmUnavailable, AMissingQemuIsNoReason) {
  KvmHost host = good_host();
  host.accelerators = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  EXPECT_EQ(kvm_unavailable(host, kvm_machine()), std::nullopt);
}

TEST(ThisKvmHost, AsksTheQemuThatIsNamed) {
  ForkingLauncher launcher;
  const KvmHost host = this_kvm_host(launcher);
  EXPECT_FALSE(host.architecture.empty());
  EXPECT_EQ(host.accelerators("no-such-qemu"), std::nullopt);
  EXPECT_NE(host.accelerators("qemu-system-aarch64").value_or("").find("tcg"), std::string::npos);
}

}  // namespace
}  // namespace bootrig
