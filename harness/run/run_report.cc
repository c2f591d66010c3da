#include "run/run_report.h"

#include <algorithm>
#include <optional>

namespace bootrig {

void RunReport::begin() {
  for (Reporter* reporter : reporters_) reporter->begin(info_);
}

void RunReport::started(const std::string& id) {
  for (Reporter* reporter : reporters_) reporter->started(id);
}

void RunReport::finished(const RunResult& result) {
  end_.totals.add(result.standing);
  if (gates(result.standing)) ++end_.gating;
  for (const Attempt& attempt : result.attempts) {
    const std::string& version = attempt.outcome.machine.emulator_version;
    if (info_.emulator.empty() && !version.empty()) info_.emulator = "QEMU " + version;
  }
  for (Reporter* reporter : reporters_) reporter->finished(result);
}

void RunReport::tick() {
  for (Reporter* reporter : reporters_) reporter->tick();
}

Result<RunEnd> RunReport::end(std::size_t planned, bool interrupted) {
  end_.missing = planned - std::min(planned, end_.totals.total());
  end_.interrupted = interrupted;
  std::optional<Error> trouble;
  for (Reporter* reporter : reporters_) {
    auto reported = reporter->end(info_, end_.totals, end_.missing);
    if (!reported && !trouble) trouble = reported.error();
  }
  if (trouble) return std::unexpected(*trouble);
  return end_;
}

}  // namespace bootrig
