// A target profile as a QEMU command line. Pure: no file is looked at, nothing is started.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "spec/target.h"

namespace bootrig {

// What Linux gets beside the device tree that QEMU makes for it.
struct LinuxBoot {
  std::filesystem::path initrd;  // empty: none
  std::string append;            // the command line
};

// What is booted, as QEMU's generic loader takes it: an ELF carries its addresses; a raw image needs one. A Linux Image
// goes by -kernel: QEMU places it as its header says and enters it with the MMU off and the device tree in x0.
struct BootImage {
  std::filesystem::path file;
  std::optional<std::uint64_t> load_address = std::nullopt;  // set: raw
  std::optional<LinuxBoot> linux_boot = std::nullopt;        // set: a Linux Image
  std::vector<std::string> arguments = {};                   // its own devices, before the target's arguments
  std::vector<std::filesystem::path> files = {};             // that the arguments name, so that they can be copied
};

// The descriptors that QEMU finds its channels at; fixed, so that a printed command line is the true one.
inline constexpr int kUartDescriptor = 3;
inline constexpr int kQmpDescriptor = 4;
inline constexpr int kGdbDescriptor = 5;

// Where the virt machine's memory begins, whatever its size (QEMU, hw/arm/virt.c, VIRT_MEM).
inline constexpr std::uint64_t kMemoryBase = 0x40000000;

// argv, the program first. Nothing that the guest does not need: -nodefaults -no-user-config -display none, no network;
// UART, QMP and a chardev for a later gdbstub on inherited sockets; -no-reboot -no-shutdown, so that a machine that
// ended can still be looked at; -S, so that it waits for QMP's "cont" (a guest that ends before the QMP handshake would
// leave no SHUTDOWN event: seen in 1 of 12 starts without it). Level 2: virtualization=on. Level 3: secure=on,virtualization=on.
// A deterministic machine: -icount, -rtc clock=vm and dtb-randomness=off.
std::vector<std::string> qemu_arguments(const MachineSpec& machine, const BootImage& image);

// The same machine without an image, CPUs stopped, its human monitor on descriptor kMonitorDescriptor: to ask what it
// has where. TCG stands in for KVM: the map does not depend on it.
inline constexpr int kMonitorDescriptor = 3;
std::vector<std::string> map_arguments(const MachineSpec& machine);

// The same machine asked to write its device tree into `file` and to end. Without the random seeds that QEMU would put
// into it: equal machines, equal bytes. TCG stands in for KVM.
std::vector<std::string> device_tree_arguments(const MachineSpec& machine, const std::filesystem::path& file);

// The way back, for a command line that was recorded: what it boots. None: it is not one of ours.
std::optional<BootImage> booted_image(const std::vector<std::string>& arguments);

}  // namespace bootrig
