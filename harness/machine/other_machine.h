// What a machine would have where, without booting it: its QEMU is started, asked and ended.
#pragma once

#include <vector>

#include "machine/memory_map.h"
#include "process/launcher.h"
#include "spec/target.h"

namespace bootrig {

// An error: its QEMU cannot be started, refuses, or does not answer by the deadline. (It takes some 50 ms.)
Result<std::vector<MemoryRegion>> memory_map_of(ProcessLauncher& launcher, const MachineSpec& machine,
                                                Deadline deadline);

}  // namespace bootrig
