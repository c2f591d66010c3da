// The rerun: a failed boot once more, stopped where a CPU takes the exception that the first one failed with. What
// rests later may be another address space, and a dump may be wrong: there the CPU and its tables are what they were.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "machine/machine.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct RerunRequest {
  MachineFactory& machines;
  const Clock& clock;
  MachineRequest machine;  // as it was booted
  const Image& image;
  std::string_view transcript;  // of the first boot
  StoppedFor stopped_for = StoppedFor::kUnknown;
  std::optional<SoughtException> sought;
  Duration first{0};  // how long that boot took
  Duration limit{0};  // and how long it might have: all of this takes no longer
  // Where QEMU's log of exceptions is kept (exceptions.log, its begin and its end); empty: nowhere.
  std::filesystem::path folder;
};

// Makes `diagnosis`, that of the machine at rest, what the machine at the exception tells. Where that gives nothing, it
// stays as it was and says why.
void rerun_to_exception(const RerunRequest& request, Diagnosis& diagnosis);

}  // namespace bootrig
