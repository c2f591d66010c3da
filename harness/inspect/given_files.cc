// Files that a machine is given beside the image: a device tree, an initial ramdisk.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "inspect/findings.h"
#include "inspect/initrd.h"

namespace bootrig {

std::vector<Finding> find_tree_problems(std::string_view name, std::string_view bytes,
                                        const std::optional<TargetPlace>& target) {
  const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::vector<Finding> findings;
  if (const auto damage = device_tree_damage(view)) {
    findings.push_back({"broken-tree",
                        Finding::Severity::kError,
                        fmt::format("the device tree that the machine is given {}", *damage),
                        {printable(name)},
                        "build it again"});
    return findings;
  }
  auto tree = parse_device_tree(name, view);
  if (!tree || !target) return findings;
  ImageContents contents{.form = ImageContents::Form::kTree, .size = bytes.size()};
  contents.trees.push_back({0, *std::move(tree)});
  check_trees(contents, true, *target, findings);
  // QEMU writes the machine's memory into it, whatever it says (hw/arm/boot.c, arm_load_dtb).
  std::erase_if(findings, [](const Finding& finding) { return finding.name == "tree-memory"; });
  return findings;
}

std::vector<Finding> find_initrd_problems(std::string_view name, std::string_view bytes) {
  const Initrd initrd = read_initrd(bytes);
  if (!initrd.damage) return {};
  return {{"broken-initrd",
           Finding::Severity::kError,
           printable(fmt::format("the initrd that Linux is given {}", *initrd.damage)),
           {fmt::format("{}, {} bytes", printable(name), bytes.size())},
           "build it again, and give all of it"}};
}

}  // namespace bootrig
