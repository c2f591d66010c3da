// Device trees that an image brings with it, held against the target's own. A loader that brings one usually boots by
// it: where the target has less than the tree says, what boots relies on what is not there.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "inspect/findings.h"
#include "inspect/tree_comparison.h"

namespace bootrig {
namespace {

using About = TreeMismatch::About;

std::string_view name_of(About about) {
  switch (about) {
    case About::kMemory:
      return "tree-memory";
    case About::kGic:
      return "tree-gic";
    case About::kUart:
      return "tree-uart";
    case About::kPsci:
      return "tree-psci";
    case About::kCpus:
      return "tree-cpus";
    case About::kTimer:
      return "tree-timer";
    case About::kReserved:
      return "tree-reserved";
    case About::kCompatible:
      break;
  }
  return "tree-compatible";
}

struct Words {
  std::string what, change;
};

// What is behind "the device tree in the image".
Words words_of(const TreeMismatch& found, const DeviceTree& tree, const DeviceTree& own, const std::string& target) {
  switch (found.about) {
    case About::kMemory:
      return {fmt::format("has memory that {} does not have", target),
              "build the image for this target's memory, or give the target as much"};
    case About::kGic:
      if (tree.gic_version == own.gic_version) {
        return {fmt::format("has the interrupt controller elsewhere than {}", target),
                "build the image for this target's device tree"};
      }
      return {fmt::format("has a GICv{}, and {} has a GICv{}", *tree.gic_version, target, *own.gic_version),
              fmt::format("build the image for GICv{}, or boot it on a target with GICv{}", *own.gic_version,
                          *tree.gic_version)};
    case About::kUart:
      if (!tree.uart) return {"has its console at a node that it does not have", "let stdout-path name " + own.console};
      return {fmt::format("has its console at {:#x}, where {} has no device", tree.uart->base, target),
              "build the image for this target's UART"};
    case About::kPsci:
      return {fmt::format("has PSCI by {}, and {} has {}", tree.psci_method, target,
                          own.psci_method.empty() ? "none" : "it by " + own.psci_method),
              "build the image for this target's device tree, or boot it on a target that is entered at the level that "
              "its tree is of"};
    case About::kCpus:
      return {fmt::format("has {} CPU{}, and {} has {}", tree.cpus, tree.cpus == 1 ? "" : "s", target, own.cpus),
              fmt::format("give the target {}, or build the image for {}",
                          tree.cpus == 1 ? "1 CPU" : fmt::format("{} CPUs", tree.cpus), own.cpus)};
    case About::kTimer:
      return {fmt::format("has the timer at other interrupts than {}", target),
              "set interrupts of the timer to " + found.own};
    case About::kReserved:
      return {fmt::format("reserves memory that {} does not have", target),
              "drop the reservation, or build the image for this target's memory"};
    case About::kCompatible:
      break;
  }
  return {fmt::format("has the {} '{}', and {} has '{}'", found.property, found.found, target, found.own),
          fmt::format("set {} to '{}'", found.property, found.own)};
}

// Fewer CPUs than there are is no mistake by itself: the others stay off.
Finding::Severity severity_of(const TreeMismatch& found, const DeviceTree& tree, const DeviceTree& own) {
  const bool fewer = found.about == About::kCpus && tree.cpus < own.cpus;
  return fewer ? Finding::Severity::kNote : Finding::Severity::kWarning;
}

}  // namespace

// An image with several trees chooses when it runs.
void check_trees(const ImageContents& contents, bool calls_firmware, const TargetPlace& target,
                 std::vector<Finding>& findings) {
  if (contents.trees.size() != 1 || !target.tree) return;
  const DeviceTree* own = target.tree();
  if (own == nullptr) return;
  const EmbeddedTree& embedded = contents.trees.front();
  // By itself it is not called by anything; what takes it may well call firmware.
  const bool called = calls_firmware || contents.form == ImageContents::Form::kTree;
  for (const TreeMismatch& found : compare_trees(embedded.tree, *own)) {
    if (found.about == About::kPsci && !called) continue;
    Words words = words_of(found, embedded.tree, *own, target.name);
    findings.push_back({std::string(name_of(found.about)),
                        severity_of(found, embedded.tree, *own),
                        printable("the device tree in the image " + words.what),
                        {fmt::format("{} in the image's tree, at byte {:#x}: {}", found.property, embedded.offset,
                                     printable(found.found)),
                         fmt::format("{} in the tree of {}: {}", found.property, target.name, printable(found.own))},
                        printable(words.change)});
  }
}

}  // namespace bootrig
