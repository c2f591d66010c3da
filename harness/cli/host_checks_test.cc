// What doctor says of KVM, on hosts that may be any.
#include "cli/host_checks.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

KvmHost arm_host() {
  return {.architecture = "aarch64", .accelerators = [](const std::string&) { return "tcg\nkvm\n"; }};
}

TEST(DoctorKvm, TheInterruptControllersThatGuestsGet) {
  KvmHost host = arm_host();
  EXPECT_EQ(check_kvm(host).found, "/dev/kvm can be used; it gives guests GICv2 and GICv3");
  host.gicv2 = false;
  EXPECT_TRUE(check_kvm(host).ok);
  EXPECT_EQ(check_kvm(host).found, "/dev/kvm can be used; it gives guests GICv3");
  host = arm_host();
  host.gicv3 = false;
  EXPECT_TRUE(check_kvm(host).ok);
  EXPECT_EQ(check_kvm(host).found, "/dev/kvm can be used; it gives guests GICv2");
  host.gicv2 = false;
  EXPECT_FALSE(check_kvm(host).ok);
}

TEST(DoctorKvm, NotAllowed) {
  KvmHost host = arm_host();
  host.device_trouble = "Permission denied";
  EXPECT_EQ(check_kvm(host).found, "/dev/kvm cannot be opened: Permission denied");
  EXPECT_TRUE(check_kvm(host).mend.ends_with("usermod -aG kvm \"$USER\""));
}

// No module brings it: KVM is a part of an AArch64 Linux.
TEST(DoctorKvm, NoDevice) {
  KvmHost host = arm_host();
  host.device_trouble = "No such file or directory";
  EXPECT_EQ(check_kvm(host).found,
            "/dev/kvm cannot be opened: No such file or directory; a Linux that was started at EL2 has it: not inside "
            "most virtual machines");
  EXPECT_EQ(check_kvm(host).mend, "");
}

TEST(DoctorKvm, QemuWithoutIt) {
  KvmHost host = arm_host();
  host.accelerators = [](const std::string&) { return "tcg\n"; };
  EXPECT_EQ(check_kvm(host).found, "qemu-system-aarch64 is built without KVM");
  EXPECT_TRUE(check_kvm(host).mend.ends_with("apt-get install --no-install-recommends qemu-system-arm"));
}

TEST(DoctorKvm, AnotherArchitecture) {
  KvmHost host = arm_host();
  host.architecture = "x86_64";
  EXPECT_EQ(check_kvm(host).found, "this host is x86_64; KVM runs AArch64 guests on AArch64 hosts alone");
  EXPECT_EQ(check_kvm(host).mend, "");
}

}  // namespace
}  // namespace bootrig
