#include "qemu/arguments.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

struct Case {
  const char* name;
  MachineSpec machine;
  BootImage image{.file = "image.elf"};
};

constexpr std::uint64_t kGigabyte = std::uint64_t{1} << 30;

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"el1-gicv2", {}},
      {"el1-gicv3", {.gic = 3}},
      {"el2-gicv2", {.gic = 2, .level = 2}},
      {"el2-gicv3", {.memory = 2 * kGigabyte, .gic = 3, .level = 2}},
      {"el3-gicv2", {.gic = 2, .level = 3}},
      {"el3-gicv3", {.gic = 3, .level = 3}},
      {"kvm-gicv3", {.accelerator = Accelerator::kKvm, .cpu = "cortex-a53", .gic = 3}},
      {"deterministic", {.cpus = 2, .deterministic = true}},
      {"smp", {.cpu = "cortex-a72", .cpus = 4}},
      {"memory-512m", {.memory = kGigabyte / 2}},
      {"memory-odd", {.memory = kGigabyte + 4096}},
      {"raw-image", {}, {.file = "image.bin", .load_address = 0x40400000}},
      {"linux", {.level = 2}, {.file = "vmlinuz", .linux_boot = LinuxBoot{"init.cpio", "console=ttyAMA0 panic=-1"}}},
      {"linux-alone", {}, {.file = "a,b", .linux_boot = LinuxBoot{}}},
      {"own-and-extra-arguments",
       {.extra_arguments = {"-d", "int"}},
       {.file = "flash.bin", .load_address = 0, .arguments = {"-device", "virtio-blk-pci,drive=disk"}}},
      {"comma-in-file-name", {}, {.file = "a,b,,c.elf"}},
      {"extra-arguments", {.qemu = "/opt/qemu/bin/qemu-system-aarch64", .extra_arguments = {"-d", "int"}}},
  };
  return all;
}

class QemuArguments : public ::testing::TestWithParam<Case> {};

// The approved outputs stand beside this file, one argument per line. BOOTRIG_APPROVE=1 rewrites
// them.
TEST_P(QemuArguments, AreAsApproved) {
  std::string text;
  for (const auto& argument : qemu_arguments(GetParam().machine, GetParam().image)) text += argument + "\n";
  const std::string file = source_path(fmt::format("harness/qemu/approved/{}.txt", GetParam().name));
  if (std::getenv("BOOTRIG_APPROVE") != nullptr) {
    ASSERT_TRUE(write_file_atomically(file, text));
  }
  EXPECT_EQ(text, read_file(file).value_or("no such file"));
}

TEST_P(QemuArguments, TellWhatIsBooted) {
  const auto booted = booted_image(qemu_arguments(GetParam().machine, GetParam().image));
  ASSERT_TRUE(booted);
  EXPECT_EQ(booted->file, GetParam().image.file);
  EXPECT_EQ(booted->load_address, GetParam().image.load_address);
  ASSERT_EQ(booted->linux_boot.has_value(), GetParam().image.linux_boot.has_value());
  if (!booted->linux_boot) return;
  EXPECT_EQ(booted->linux_boot->initrd, GetParam().image.linux_boot->initrd);
  EXPECT_EQ(booted->linux_boot->append, GetParam().image.linux_boot->append);
}

TEST(BootedImage, OfACommandThatIsNotOursIsNone) {
  EXPECT_FALSE(booted_image({}));
  EXPECT_FALSE(booted_image({"qemu-system-aarch64", "-kernel", "Image"}));
  EXPECT_FALSE(booted_image({"-device", "loader,file=a.bin,force-raw=on,cpu-num=0"}));
  EXPECT_FALSE(booted_image({"-device", "loader,file=a.bin,addr=0xzz,force-raw=on,cpu-num=0"}));
}

INSTANTIATE_TEST_SUITE_P(Profiles, QemuArguments, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace bootrig
