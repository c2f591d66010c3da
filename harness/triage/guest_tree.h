// The device tree that a guest has instead of the machine's own: one that the machine was given as a file, or the only one
// in the image. And in what it disagrees with the machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/device_tree.h"
#include "inspect/tree_comparison.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct GuestTree {
  std::string origin;  // "virt.dtb", "the device tree at byte 0x1000 of loader.elf"
  bool given = false;  // as a file: the machine has it in place of its own
  DeviceTree tree;
  DeviceTree own;                        // the machine's
  std::vector<TreeMismatch> mismatches;  // may be none
};

// None: there is no other tree, it cannot be read, or the machine's own is not known.
std::optional<GuestTree> find_guest_tree(const Evidence& evidence);

}  // namespace bootrig
