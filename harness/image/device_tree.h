// DeviceTree: what a flattened device tree says of a machine, as far as triage and preflight ask. Names and layouts:
// Devicetree Specification v0.4 (2.3.5 #address-cells, 2.3.8 ranges, 3.x standard nodes, 5 the flattened form); the
// properties of GIC and PSCI from their bindings in Linux. Interrupts, clocks and what they refer to are not its
// business. Hostile bytes give an error, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

// What Linux takes (MAX_FDT_SIZE). A larger one is an error.
inline constexpr std::size_t kDeviceTreeSizeMax = std::size_t{2} << 20;

struct DeviceTree {
  struct Range {  // physical, in bytes; as the tree has it, also where it ends past all addresses
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    bool operator==(const Range&) const = default;
  };
  struct Device {  // a node with a "compatible"
    std::string path;
    std::string compatible;     // the first
    std::vector<Range> ranges;  // none where the processor cannot address it: on I2C, behind PCI
    bool enabled = true;        // "status" is absent or okay
  };

  std::vector<Range> memory;  // of enabled memory nodes
  std::vector<Range> reserved;
  std::optional<unsigned> gic_version;  // 2 or 3 (4 has 3's device tree)
  std::vector<Range> gic;               // distributor, then CPU interface (2) or redistributors (3)
  std::string psci_method;              // "hvc", "smc", or "": no PSCI
  unsigned cpus = 0;
  std::vector<std::uint32_t> timer_interrupts;  // cells of the architected timer's "interrupts"
  std::string stdout_path;                      // of /chosen, as it stands there
  std::string console;        // the name of the node that it means: "pl011@9000000"; empty: there is no such node
  std::optional<Range> uart;  // its registers
  std::optional<Range> initrd;
  std::string bootargs;
  std::vector<Device> devices;  // in the tree's order
};

// Bytes behind the tree's own end are left alone. `name` is the error's place.
Result<DeviceTree> parse_device_tree(std::string_view name, std::span<const std::uint8_t> bytes);

// What is wrong with these bytes as a device tree, in words that follow "it": which field of the header (5.2) lies, or
// that the structure behind it is damaged. None: it is sound.
std::optional<std::string> device_tree_damage(std::span<const std::uint8_t> bytes);

// Offsets at which a device tree seems to begin: the magic and a header that fits what follows. To be parsed, to know.
std::vector<std::size_t> find_device_trees(std::span<const std::uint8_t> bytes);

}  // namespace bootrig
