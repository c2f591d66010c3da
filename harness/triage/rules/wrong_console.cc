#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "image/device_tree.h"
#include "triage/linux_log.h"
#include "triage/rules/console_rules.h"

namespace bootrig {
namespace {

// Linux's name of a console, and by what its device is known in the device tree. Others (hvc0, tty0) come from what no
// device tree tells, and count as there.
struct Driver {
  std::string_view name, compatible;
};
constexpr std::array<Driver, 2> kDrivers = {{{"ttyAMA", "pl011"}, {"ttyS", "16550"}}};

// "ttyAMA0" on a machine with one PL011.
bool is_there(const DeviceTree& tree, std::string_view console) {
  for (const Driver& driver : kDrivers) {
    const std::string_view number =
        console.starts_with(driver.name) ? console.substr(driver.name.size()) : std::string_view();
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    const auto count = std::ranges::count_if(tree.devices, [&](const DeviceTree::Device& device) {
      return device.enabled && device.compatible.contains(driver.compatible);
    });
    return number.size() < 4 && std::stol(std::string(number)) < count;
  }
  return true;
}

// Of "console=ttyAMA0,115200 console=tty0": the names.
std::vector<std::string> consoles_of(std::string_view arguments) {
  constexpr std::string_view kKey = "console=";
  std::vector<std::string> consoles;
  while (!arguments.empty()) {
    const std::size_t end = std::min(arguments.find(' '), arguments.size());
    const std::string_view word = arguments.substr(0, end);
    if (word.starts_with(kKey)) consoles.emplace_back(word.substr(kKey.size(), word.find(',') - kKey.size()));
    arguments.remove_prefix(std::min(end + 1, arguments.size()));
  }
  return consoles;
}

}  // namespace

// A kernel that runs and is told of no console that exists says nothing, whatever else becomes of it.
std::optional<RootCause> wrong_console(const Facts& facts) {
  const StoppedFor why = facts.evidence.stopped_for;  // it may well do its work and power off, unseen
  const bool silent = (why == StoppedFor::kTime || why == StoppedFor::kGuest) && !facts.record &&
                      !facts.evidence.transcript.contains("Linux version ") &&
                      !facts.evidence.transcript.contains("Booting Linux on ");
  if (!silent || facts.evidence.at_rest == nullptr) return std::nullopt;
  const auto bytes = facts.evidence.at_rest->device_tree();
  if (!bytes) return std::nullopt;
  const auto tree = parse_device_tree("the machine's device tree",
                                      {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
  if (!tree) return std::nullopt;
  const auto consoles = consoles_of(tree->bootargs);
  const bool any = std::ranges::any_of(consoles, [&](const std::string& name) { return is_there(*tree, name); });
  if (consoles.empty() || any || !find_linux(facts.map, facts.memory)) return std::nullopt;
  std::string change = "name the console that the machine has";
  if (!tree->console.empty()) change += fmt::format(" (its device tree's stdout-path is {})", tree->console);
  return RootCause{"wrong-console",
                   fmt::format("Linux is told console={}, and this machine has no such device: of what the kernel says "
                               "nothing is seen",
                               fmt::join(consoles, " console=")),
                   change + ", or leave console= out: Linux then takes stdout-path"};
}

}  // namespace bootrig
