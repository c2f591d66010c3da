#include "machine/machine_trees.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "qemu/arguments.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr auto kLimit = std::chrono::seconds(10);

// QEMU writes the tree beside its last name and renames it: a pipe will not do.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "bootrig-tree-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (made_) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  bool made() const { return made_; }
  fs::path file() const { return fs::path(path_) / "tree.dtb"; }

 private:
  std::string path_;
  bool made_ = false;
};

}  // namespace

Result<DeviceTree> device_tree_of(ProcessLauncher& launcher, const MachineSpec& machine, Deadline deadline) {
  const ScratchFolder folder;
  if (!folder.made()) return fail(fmt::format("cannot make a folder for a device tree: {}", std::strerror(errno)));
  const LaunchSpec spec{.argv = device_tree_arguments(machine, folder.file())};
  BOOTRIG_TRY(const CommandResult result, run_command(launcher, spec, deadline));
  const auto bytes = read_file(folder.file());
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
