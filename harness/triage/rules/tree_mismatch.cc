// A device tree that says of the machine what is not so, when what the guest did or said is what follows from it.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "triage/last_words.h"
#include "triage/rules/rules.h"

namespace bootrig {
namespace {

using About = TreeMismatch::About;
using Device = DeviceTree::Device;

const TreeMismatch* mismatch_about(const Facts& facts, About about) {
  if (!facts.tree) return nullptr;
  const auto found = std::ranges::find(facts.tree->mismatches, about, &TreeMismatch::about);
  return found == facts.tree->mismatches.end() ? nullptr : &*found;
}

RootCause mismatch(const Facts& facts, const TreeMismatch& found, const std::string& evidence) {
  return RootCause{"device-tree-mismatch",
                   fmt::format("{} has {} = {}, and this machine has {}; {}", facts.tree->origin, found.property,
                               found.found, found.own, evidence),
                   fmt::format("set {} to {} in the device tree, or boot on a machine that is as it says",
                               found.property, found.own)};
}

// The device of the guest's tree at whose registers this machine has nothing.
std::optional<TreeMismatch> device_at(const GuestTree& tree, std::uint64_t address) {
  for (const Device& device : tree.tree.devices) {
    if (!device.enabled || !lies_in({address, 1}, device.ranges)) continue;
    const bool there = std::ranges::any_of(tree.own.devices, [&](const Device& own) {
      return lies_in({address, 1}, own.ranges);
    });
    if (there) continue;
    return TreeMismatch{About::kCompatible, "reg of " + device.path, to_text(device.ranges),
                        "no device at this address (" + device.compatible + ")"};
  }
  return std::nullopt;
}

// An access to where nothing is, and the guest's tree has memory or a device there.
std::optional<RootCause> by_access(const Facts& facts) {
  const auto address = access_to_nothing(facts);
  if (!address) return std::nullopt;
  const std::string evidence = fmt::format("{} accesses {:#x}", code_of_exception(facts), *address);
  const TreeMismatch* memory = mismatch_about(facts, About::kMemory);
  if (memory != nullptr && lies_in({*address, 1}, facts.tree->tree.memory)) return mismatch(facts, *memory, evidence);
  const TreeMismatch* gic = mismatch_about(facts, About::kGic);
  if (gic != nullptr && lies_in({*address, 1}, facts.tree->tree.gic)) return mismatch(facts, *gic, evidence);
  const TreeMismatch* uart = mismatch_about(facts, About::kUart);
  if (uart != nullptr && facts.tree->tree.uart && lies_in({*address, 1}, {*facts.tree->tree.uart})) {
    return mismatch(facts, *uart, evidence);
  }
  const auto device = device_at(*facts.tree, *address);
  return device ? std::optional(mismatch(facts, *device, evidence)) : std::nullopt;
}

// The GIC, or the call of PSCI, that the tree names and this machine does not have.
std::optional<RootCause> by_instruction(const Facts& facts) {
  constexpr std::uint32_t kCallMask = 0xffe0001f, kSmc = 0xd4000003;  // DDI 0487, SMC
  if (const TreeMismatch* gic = mismatch_about(facts, About::kGic); gic != nullptr && facts.tree->tree.gic_version) {
    const auto cause = image_for_gic(facts);
    if (cause && cause->name == fmt::format("image-for-gicv{}", *facts.tree->tree.gic_version)) {
      return mismatch(facts, *gic, cause->what);
    }
  }
  const TreeMismatch* psci = mismatch_about(facts, About::kPsci);
  const auto cause = psci != nullptr ? undefined_call(facts) : std::nullopt;
  if (!cause) return std::nullopt;
  const std::string_view used = (facts.instruction.value_or(0) & kCallMask) == kSmc ? "smc" : "hvc";
  if (facts.tree->tree.psci_method != used) return std::nullopt;
  return mismatch(facts, *psci, "PSCI is called as it says, at " + code_of_exception(facts));
}

// What the guest gave up for, in its own words, is something else.
bool gave_up_for_other(const Facts& facts, const GuestWords& words) {
  const auto last = find_last_words(facts);
  return last && !words.line.contains(last->reason);
}

std::optional<RootCause> by_cpu(const Facts& facts) {
  const GuestWords* words = said(facts.words, GuestWords::About::kCpu);
  const TreeMismatch* cpus = mismatch_about(facts, About::kCpus);
  if (words == nullptr || cpus == nullptr || facts.record || !words->number || *words->number < facts.tree->own.cpus)
    return std::nullopt;
  if (gave_up_for_other(facts, *words)) return std::nullopt;
  return mismatch(facts, *cpus, fmt::format("the guest says '{}'", words->line));
}

// The command line names a console: then stdout-path does not count.
bool console_is_named(const Facts& facts) {
  if (facts.evidence.at_rest == nullptr) return false;
  const auto bytes = facts.evidence.at_rest->device_tree();
  if (!bytes) return false;
  const auto tree = parse_device_tree("", {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
  return tree && (" " + tree->bootargs).contains(" console=");
}

// Linux runs and the console has not a word of it: the tree names no console that is there, or no interrupt controller,
// without which the UART's driver does not come.
std::optional<RootCause> by_silence(const Facts& facts) {
  const StoppedFor why = facts.evidence.stopped_for;
  const bool silent = (why == StoppedFor::kTime || why == StoppedFor::kGuest) && !facts.record &&
                      !facts.evidence.transcript.contains("Linux version ");
  const GuestWords* no_gic = said(facts.words, GuestWords::About::kNoGic);
  if (!facts.tree->given || (!silent && no_gic == nullptr) || !facts.linux_there) return std::nullopt;
  const std::string evidence = no_gic != nullptr ? fmt::format("Linux says '{}'{}", no_gic->line,
                                                               no_gic->in_memory ? " in its log in memory" : "")
                                                 : "Linux runs, and nothing of what it says is seen";
  const TreeMismatch* uart = mismatch_about(facts, About::kUart);
  if (uart != nullptr && silent && no_gic == nullptr && !console_is_named(facts))
    return mismatch(facts, *uart, evidence);
  if (const TreeMismatch* gic = mismatch_about(facts, About::kGic)) return mismatch(facts, *gic, evidence);
  for (const TreeMismatch& found : facts.tree->mismatches) {
    if (found.about != About::kCompatible) continue;
    const auto device =
        std::ranges::find(facts.tree->own.devices, found.property.substr(found.property.find('/')), &Device::path);
    if (device == facts.tree->own.devices.end() || device->ranges.empty()) continue;
    const bool is_gic = !facts.tree->own.gic.empty() && device->ranges.front() == facts.tree->own.gic.front();
    const bool is_uart = facts.tree->own.uart && device->ranges.front() == *facts.tree->own.uart;
    if (is_gic || (is_uart && no_gic == nullptr)) return mismatch(facts, found, evidence);
  }
  return std::nullopt;
}

}  // namespace

std::optional<RootCause> device_tree_mismatch(const Facts& facts) {
  if (!facts.tree) return std::nullopt;
  if (auto cause = by_access(facts)) return cause;
  if (auto cause = by_instruction(facts)) return cause;
  if (auto cause = by_cpu(facts)) return cause;
  return by_silence(facts);
}

}  // namespace bootrig
