#include "machine/machine_trees.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/private_folder.h"
#include "base/text.h"
#include "qemu/arguments.h"

namespace bootrig {
namespace {

constexpr auto kLimit = std::chrono::seconds(10);

}  // namespace

Result<DeviceTree> device_tree_of(ProcessLauncher& launcher, const MachineSpec& machine, Deadline deadline) {
  // QEMU writes the tree beside its last name and renames it: a pipe will not do.
  BOOTRIG_TRY(const PrivateFolder folder, PrivateFolder::make());
  const std::filesystem::path file = folder.path() / "tree.dtb";
  const LaunchSpec spec{.argv = device_tree_arguments(machine, file)};
  BOOTRIG_TRY(const CommandResult result, run_command(launcher, spec, deadline));
  const auto bytes = read_file(file);
  if (!bytes) {
    return fail(fmt::format("QEMU does not tell its device tree: {}",
                            result.timed_out ? "no answer in time" : printable(trim(result.output))));
  }
  return parse_device_tree("QEMU's device tree", {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
}

const DeviceTree* MachineTrees::of(const MachineSpec& machine) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] =
      trees_.try_emplace(fmt::format("{}", fmt::join(device_tree_arguments(machine, ""), "\n")));
  if (is_new) {
    auto tree = device_tree_of(launcher_, machine, Deadline::after(SteadyClock().now(), kLimit));
    if (tree) found->second = std::make_unique<const DeviceTree>(*std::move(tree));
  }
  return found->second.get();
}

}  // namespace bootrig
