// What is wrong with an image, told before it boots: from its bytes, its symbols and, where it is known, the memory of
// the target. A finding is a fact about the bytes; what a boot then says is triage's business.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/symbols.h"
#include "inspect/container.h"
#include "inspect/finding.h"

namespace bootrig {

// What findings need of a target.
struct TargetPlace {
  std::string name;
  std::uint64_t memory = 0;       // where its RAM begins
  std::uint64_t memory_size = 0;  // bytes
  unsigned level = 1;             // at which the image is entered
  unsigned gic = 2;               // its GIC's version
  bool kvm = false;
  // Where the same target with the other version of the GIC would have its CPU interface or its redistributors.
  std::optional<DeviceTree::Range> other_gic = {};
  // The target's own device tree; null: it cannot be had. Asked only when a finding hangs on it: it takes a start of
  // QEMU. May be empty.
  std::function<const DeviceTree*()> tree = {};
};

// Errors first. `symbols` are those of the image's own code.
std::vector<Finding> find_problems(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                                   const std::optional<TargetPlace>& target);

// What is wrong with a device tree that the machine is given as a file ("-dtb"): its bytes, and what they say of a target
// that is another. `name` is the file's.
std::vector<Finding> find_tree_problems(std::string_view name, std::string_view bytes,
                                        const std::optional<TargetPlace>& target);
// What is wrong with an initial ramdisk that Linux is given as a file.
std::vector<Finding> find_initrd_problems(std::string_view name, std::string_view bytes);

// The part of find_problems that is about the kernel's entry and the image's own translation tables (kernel_entry.cc).
void check_kernel_entry(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                        std::vector<Finding>& findings);

// The part that holds device trees in the image against the target's (target_tree.cc). `calls_firmware`: the image's code
// comes to smc or hvc.
void check_trees(const ImageContents& contents, bool calls_firmware, const TargetPlace& target,
                 std::vector<Finding>& findings);

// The part that follows the code of the image, and of the kernel in it, as if it ran there (target_code.cc). Whether it
// comes to a call of firmware, or may.
bool check_code(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                const TargetPlace& target, std::vector<Finding>& findings);

}  // namespace bootrig
