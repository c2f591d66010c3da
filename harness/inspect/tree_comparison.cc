#include "inspect/tree_comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bootrig {
namespace {

using About = TreeMismatch::About;
using Device = DeviceTree::Device;
using Range = DeviceTree::Range;
using Mismatches = std::vector<TreeMismatch>;

const Device* device_at(const DeviceTree& tree, std::uint64_t base) {
  const auto found = std::ranges::find_if(
      tree.devices, [&](const Device& device) { return !device.ranges.empty() && device.ranges.front().base == base; });
  return found == tree.devices.end() ? nullptr : &*found;
}

const Device* device_of(const DeviceTree& tree, std::string_view path) {
  const auto found = std::ranges::find(tree.devices, path, &Device::path);
  return found == tree.devices.end() ? nullptr : &*found;
}

std::string gic_text(const DeviceTree& tree) {
  const Device* device = tree.gic.empty() ? nullptr : device_at(tree, tree.gic.front().base);
  return fmt::format("GICv{} ({})", *tree.gic_version, device != nullptr ? device->path : "the interrupt controller");
}

void compare_memory(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  const bool all = std::ranges::all_of(tree.memory, [&](const Range& range) { return lies_in(range, own.memory); });
  if (!all && !own.memory.empty())
    out.push_back({About::kMemory, "reg of /memory", to_text(tree.memory), to_text(own.memory)});
}

// The same version at another place counts, too: its distributor.
void compare_gic(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  if (!tree.gic_version || !own.gic_version) return;
  if (tree.gic_version != own.gic_version) {
    out.push_back({About::kGic, "compatible of the interrupt controller", gic_text(tree), gic_text(own)});
  } else if (!tree.gic.empty() && !own.gic.empty() && tree.gic.front().base != own.gic.front().base) {
    out.push_back({About::kGic, "reg of the interrupt controller", to_text(tree.gic), to_text(own.gic)});
  }
}

// stdout-path means no node, or one whose registers are where the machine has no device.
void compare_uart(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  if (own.devices.empty()) return;
  if (!tree.stdout_path.empty() && tree.console.empty()) {
    out.push_back({About::kUart, "stdout-path of /chosen", tree.stdout_path + ", which is no node", own.console});
    return;
  }
  const bool there = !tree.uart || std::ranges::any_of(own.devices, [&](const Device& device) {
    return lies_in({tree.uart->base, 1}, device.ranges);
  });
  if (!there) out.push_back({About::kUart, "stdout-path of /chosen", tree.console, own.console});
}

void compare_psci(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  if (tree.psci_method.empty() || tree.psci_method == own.psci_method) return;
  out.push_back(
      {About::kPsci, "method of /psci", tree.psci_method, own.psci_method.empty() ? "no such node" : own.psci_method});
}

void compare_cpus(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  if (own.cpus == 0 || tree.cpus == 0 || tree.cpus == own.cpus) return;
  out.push_back({About::kCpus, "CPUs below /cpus", fmt::format("{}", tree.cpus), fmt::format("{}", own.cpus)});
}

// Interrupts 3 cells each: kind, number, flags (Linux, bindings of arm,gic and arm,gic-v3). Flags differ between CPUs'
// counts in GICv2's trees and change nothing.
std::vector<std::uint32_t> timer_numbers(const DeviceTree& tree) {
  std::vector<std::uint32_t> numbers;
  for (std::size_t at = 0; at + 3 <= tree.timer_interrupts.size(); at += 3) {
    numbers.push_back(tree.timer_interrupts[at + 1]);
  }
  return numbers;
}

void compare_timer(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  const auto found = timer_numbers(tree), right = timer_numbers(own);
  if (found.empty() || right.empty() || found == right) return;
  out.push_back({About::kTimer, "interrupts of the timer", fmt::format("PPI {}", fmt::join(found, ", ")),
                 fmt::format("PPI {}", fmt::join(right, ", "))});
}

void compare_reserved(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  for (const Range& range : tree.reserved) {
    if (own.memory.empty() || lies_in(range, own.memory) ||
        std::ranges::find(own.reserved, range) != own.reserved.end())
      continue;
    out.push_back({About::kReserved, "/reserved-memory", to_text({range}), "a place in " + to_text(own.memory)});
    return;
  }
}

// A node that both have, and a name of its kind that differs by a letter or two: a byte of the tree is broken, or a
// finger slipped. Two names of one kind of device ("arm,gic-400", "arm,cortex-a15-gic") differ by more; by case alone
// they do not differ (Linux, drivers/of/base.c, of_compat_cmp).
bool nearly_equal(std::string_view left, std::string_view right) {
  constexpr int kLettersMax = 2;
  if (left.size() != right.size()) return false;
  int different = 0;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (std::size_t i = 0; i < left.size(); ++i) different += lower(left[i]) != lower(right[i]) ? 1 : 0;
  return different > 0 && different <= kLettersMax;
}

void compare_compatible(const DeviceTree& tree, const DeviceTree& own, Mismatches& out) {
  for (const Device& device : tree.devices) {
    const Device* right = device_of(own, device.path);
    // Of these, names of two models differ by a letter: cortex-a53 and -a57, cortex-a7-gic and -a9-gic.
    const bool known = device.path.starts_with("/cpus/") || (!tree.gic.empty() && device.ranges == tree.gic);
    if (known || right == nullptr || !nearly_equal(device.compatible, right->compatible)) continue;
    out.push_back({About::kCompatible, "compatible of " + device.path, device.compatible, right->compatible});
  }
}

}  // namespace

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

std::vector<TreeMismatch> compare_trees(const DeviceTree& tree, const DeviceTree& own) {
  std::vector<TreeMismatch> out;
  compare_memory(tree, own, out);
  compare_gic(tree, own, out);
  compare_uart(tree, own, out);
  compare_psci(tree, own, out);
  compare_cpus(tree, own, out);
  compare_timer(tree, own, out);
  compare_reserved(tree, own, out);
  compare_compatible(tree, own, out);
  return out;
}

}  // namespace bootrig
