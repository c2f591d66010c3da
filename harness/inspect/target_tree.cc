// Device trees that an image brings with it, held against the target's own. A loader that brings one usually boots by
// it: where the target has less than the tree says, what boots relies on what is not there.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "inspect/findings.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;
using Range = DeviceTree::Range;

std::string to_text(const std::vector<Range>& ranges) {
  std::vector<std::string> texts;
  for (const Range& range : ranges) texts.push_back(fmt::format("{:#x}..{:#x}", range.base, range.base + range.size));
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

bool lies_in(const Range& range, const std::vector<Range>& ranges) {
  return std::ranges::any_of(ranges, [&](const Range& whole) {
    const std::uint64_t into = range.base - whole.base;
    return into <= whole.size && range.size <= whole.size - into;
  });
}

// Of the interrupt controller: where its distributor is.
std::string gic_path(const DeviceTree& tree) {
  for (const DeviceTree::Device& device : tree.devices) {
    if (!tree.gic.empty() && !device.ranges.empty() && device.ranges.front() == tree.gic.front()) return device.path;
  }
  return "the interrupt controller";
}

class TreeCheck {
 public:
  TreeCheck(const EmbeddedTree& embedded, const DeviceTree& own, const TargetPlace& target,
            std::vector<Finding>& findings)
      : offset_(embedded.offset), tree_(embedded.tree), own_(own), target_(target), findings_(findings) {}

  void check(bool calls_firmware) {
    check_memory();
    check_gic();
    check_uart();
    if (calls_firmware) check_psci();
    check_cpus();
  }

 private:
  void tell(std::string name, std::string what, std::string_view property, std::string_view theirs,
            std::string_view own, std::string change) {
    findings_.push_back(
        {std::move(name),
         Severity::kWarning,
         std::move(what),
         {fmt::format("{} in the image's tree, at byte {:#x}: {}", property, offset_, printable(theirs)),
          fmt::format("{} in the tree of {}: {}", property, target_.name, printable(own))},
         std::move(change)});
  }

  void check_memory() {
    for (const Range& range : tree_.memory) {
      if (lies_in(range, own_.memory)) continue;
      tell("tree-memory", fmt::format("the device tree in the image has memory that {} does not have", target_.name),
           "reg of /memory", to_text(tree_.memory), to_text(own_.memory),
           "build the image for this target's memory, or give the target as much");
      return;
    }
  }

  void check_gic() {
    if (!tree_.gic_version || !own_.gic_version || tree_.gic_version == own_.gic_version) return;
    tell("tree-gic",
         fmt::format("the device tree in the image has a GICv{}, and {} has a GICv{}", *tree_.gic_version, target_.name,
                     *own_.gic_version),
         "compatible of the interrupt controller", fmt::format("GICv{} ({})", *tree_.gic_version, gic_path(tree_)),
         fmt::format("GICv{} ({})", *own_.gic_version, gic_path(own_)),
         fmt::format("build the image for GICv{}, or boot it on a target with GICv{}", *own_.gic_version,
                     *tree_.gic_version));
  }

  void check_uart() {
    if (!tree_.uart || own_.devices.empty()) return;
    const bool there = std::ranges::any_of(own_.devices, [&](const DeviceTree::Device& device) {
      return lies_in({tree_.uart->base, 1}, device.ranges);
    });
    if (there) return;
    tell("tree-uart",
         fmt::format("the device tree in the image has its console at {:#x}, where {} has no device", tree_.uart->base,
                     target_.name),
         "stdout-path of /chosen", tree_.console, own_.console, "build the image for this target's UART");
  }

  void check_psci() {
    if (tree_.psci_method.empty() || tree_.psci_method == own_.psci_method) return;
    tell("tree-psci",
         fmt::format("the device tree in the image has PSCI by {}, and {} has {}", tree_.psci_method, target_.name,
                     own_.psci_method.empty() ? "none" : "it by " + own_.psci_method),
         "method of /psci", tree_.psci_method, own_.psci_method.empty() ? "no such node" : own_.psci_method,
         "build the image for this target's device tree, or boot it on a target that is entered at the level that its "
         "tree is of");
  }

  void check_cpus() {
    if (own_.cpus == 0 || tree_.cpus <= own_.cpus) return;
    tell("tree-cpus",
         fmt::format("the device tree in the image has {} CPUs, and {} has {}", tree_.cpus, target_.name, own_.cpus),
         "CPUs below /cpus", fmt::format("{}", tree_.cpus), fmt::format("{}", own_.cpus),
         fmt::format("give the target {} CPUs, or build the image for {}", tree_.cpus, own_.cpus));
  }

  const std::uint64_t offset_;
  const DeviceTree& tree_;
  const DeviceTree& own_;
  const TargetPlace& target_;
  std::vector<Finding>& findings_;
};

}  // namespace

// An image with several trees chooses when it runs.
void check_trees(const ImageContents& contents, bool calls_firmware, const TargetPlace& target,
                 std::vector<Finding>& findings) {
  if (contents.trees.size() != 1 || !target.tree) return;
  const DeviceTree* own = target.tree();
  if (own != nullptr) TreeCheck(contents.trees.front(), *own, target, findings).check(calls_firmware);
}

}  // namespace bootrig
