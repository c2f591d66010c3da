// What seL4's elfloader wants to know of the machine: out of the device tree that its kernel was configured with. The
// kernel's build puts "seL4,elfloader-devices" into it, the paths of the devices that the loader shall drive. Hostile
// bytes give an error, never a crash. Private to image/.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/device_tree.h"

namespace bootrig {

struct ElfloaderDevice {
  std::string path;
  std::vector<std::string> compatible;  // all of them, the most exact first
  std::vector<std::uint64_t> bases;     // of its registers, physical
};
struct ElfloaderCpu {
  std::string path;
  std::string compatible;
  std::string enable_method;          // "psci", "spin-table", or "": none is stated
  std::uint64_t id = 0;               // MPIDR_EL1's affinity, the node's "reg"
  std::uint64_t release_address = 0;  // of a spin table
};
struct ElfloaderTree {
  DeviceTree tree;
  std::vector<ElfloaderDevice> devices;  // in the tree's order
  std::vector<ElfloaderCpu> cpus;        // by id: those of a cluster stand together
};

Result<ElfloaderTree> read_elfloader_tree(std::string_view name, std::span<const std::uint8_t> bytes);

// The header of devices that the elfloader's sources include. A driver is found by the text of one "compatible"; of a
// device's several, `has_driver` chooses.
std::string elfloader_devices_header(const ElfloaderTree& tree,
                                     const std::function<bool(std::string_view)>& has_driver);

}  // namespace bootrig
