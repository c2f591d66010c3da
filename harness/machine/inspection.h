// The machine at rest: its CPUs' registers and its physical memory, for triage. Had from Machine::inspect(); the real
// one is QemuInspection (qemu_inspection.h), the one for tests FakeInspection (testing/).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_reader.h"

namespace bootrig {

struct CpuState {
  unsigned index = 0;
  std::array<std::uint64_t, 31> x{};
  std::uint64_t sp = 0;
  std::uint64_t pc = 0;
  std::uint32_t pstate = 0;  // laid out as SPSR_ELx
  // System registers by the names of the Arm ARM (DDI 0487): "SCTLR_EL1", "TTBR1_EL1", "ESR_EL2". One that the machine
  // does not have, or does not tell, is absent.
  std::map<std::string, std::uint64_t> system;
};

// Must not outlive its machine. Once the machine is stopped, every call is an error.
class Inspection : public MemoryReader {
 public:
  // All CPUs, also those that the guest has not turned on. Never empty.
  virtual Result<std::vector<CpuState>> cpus() = 0;
  // What the machine's monitor answers to a command of its human interface, such as "info mtree -f" (memory_map.h).
  virtual Result<std::string> monitor(std::string_view command) = 0;
  // Lets the guest go on for that long, not counting time in which the host kept it waiting, and stops it again: a look
  // at whether it moves. What was read before no longer holds. An error: the guest has ended and cannot go on.
  virtual Result<void> let_run(Duration time) = 0;
  // The flattened device tree that the machine itself has (image/device_tree.h), not what the guest made of it. An error
  // where it has none.
  virtual Result<std::string> device_tree() = 0;
};

}  // namespace bootrig
