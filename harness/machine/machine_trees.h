// The device trees that machines pass to what they boot, asked of QEMU without booting: once a machine.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "image/device_tree.h"
#include "process/launcher.h"
#include "spec/target.h"

namespace bootrig {

// An error: its QEMU cannot be started, refuses, or has not ended by the deadline. (It takes some 50 ms.)
Result<DeviceTree> device_tree_of(ProcessLauncher& launcher, const MachineSpec& machine, Deadline deadline);

// May be asked by several threads at once.
class MachineTrees {
 public:
  explicit MachineTrees(ProcessLauncher& launcher) : launcher_(launcher) {}
  // Null: it cannot be had. Stays as long as this object.
  const DeviceTree* of(const MachineSpec& machine);

 private:
  ProcessLauncher& launcher_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<const DeviceTree>> trees_;  // by command line
};

}  // namespace bootrig
