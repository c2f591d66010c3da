// What a device tree says of a machine, held against the tree that the machine itself has. A pure comparison: whether
// what disagrees matters is for its users (findings.h before a boot, triage after one).
#pragma once

#include <string>
#include <vector>

#include "image/device_tree.h"

namespace bootrig {

struct TreeMismatch {
  enum class About { kMemory, kGic, kUart, kPsci, kCpus, kTimer, kReserved, kCompatible };
  About about = About::kMemory;
  std::string property;  // "method of /psci"
  std::string found;     // its value in the tree
  std::string own;       // the value that belongs there
};

// In the order of About. Only where both trees tell: a tree without a node disagrees with nothing. A tree that says less
// than the machine has, of memory, agrees; one with fewer CPUs does not.
std::vector<TreeMismatch> compare_trees(const DeviceTree& tree, const DeviceTree& own);

// "0x40000000..0x80000000, ...", "none".
std::string to_text(const std::vector<DeviceTree::Range>& ranges);
bool lies_in(const DeviceTree::Range& range, const std::vector<DeviceTree::Range>& ranges);

}  // namespace bootrig
