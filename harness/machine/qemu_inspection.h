// QemuInspection: a stopped QEMU, seen through its gdbstub and its monitor. What it reads it keeps until
// it lets the guest run: the machine stands still.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "machine/gdb_stub.h"
#include "machine/inspection.h"
#include "machine/memory_map.h"
#include "process/launcher.h"

namespace bootrig {

// Time that an inspection may spend waiting for its machine, in all its calls together, so that a machine that is deaf
// holds nobody up. (A whole look takes some 20 ms.)
inline constexpr Duration kInspectionTime = std::chrono::seconds(2);

class QemuInspection final : public Inspection {
 public:
  // Answers a command of the human monitor.
  using Monitor = std::function<Result<std::string>(std::string_view command, Deadline deadline)>;

  // Lets the guest run for a while and stops it again.
  using Runner = std::function<Result<void>(Duration time, Deadline deadline)>;

  // A file that `write` lets QEMU write, at a path on QEMU's host.
  using FileTaker = std::function<Result<std::string>(const ChildProcess::FileWriter& write, std::size_t limit)>;

  // The guest does not run. `stub` is the machine's, which keeps it for the next inspection.
  QemuInspection(GdbStub& stub, Monitor monitor, Runner runner, const Clock& clock, Duration time,
                 FileTaker take_file = take_local_file);

  // Before all else, with a stub that is not attached yet.
  Result<void> attach();

  Result<std::vector<CpuState>> cpus() override;
  // RAM and ROM alone: to read a device would change it, and where there is nothing the gdbstub makes up zeros.
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override;
  Result<std::string> monitor(std::string_view command) override;
  // By way of a file: QEMU gives it in no other way.
  Result<std::string> device_tree() override;
  Result<void> let_run(Duration time) override;

 private:
  static constexpr std::size_t kPageSize = 4096;
  using Page = std::array<std::uint8_t, kPageSize>;
  class Spending;

  Result<void> load_map();
  Result<void> check_memory(std::uint64_t page) const;
  Result<void> load_pages(std::uint64_t first, std::uint64_t last);

  GdbStub& stub_;
  Monitor monitor_;
  Runner runner_;
  FileTaker take_file_;
  const Clock& clock_;
  Duration left_;
  std::optional<std::vector<CpuState>> cpus_;
  std::optional<std::vector<MemoryRegion>> map_;
  std::optional<std::string> device_tree_;
  std::map<std::uint64_t, Page> pages_;  // by number: address / kPageSize
};

}  // namespace bootrig
