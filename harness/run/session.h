// A session: one power-on to power-off. It pulls the machine's events, feeds the matcher and the transcript, and
// records facts; it judges nothing. One thread, no hidden time: the clock is an argument.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "machine/machine.h"
#include "run/transcript_file.h"
#include "run/verdict.h"
#include "spec/scenario.h"

namespace bootrig {

struct SessionOptions {
  double timeout_multiplier = 1.0;
  // Set: with nothing expected, silence of this length after some output ends the session as satisfied.
  std::optional<Duration> silence_ends;
  // Sees the console's bytes as they come; may be empty.
  std::function<void(std::string_view)> live;
  // Asked at power-on, and at an end that may be the host's doing; may be empty.
  std::function<HostState()> host;
};

// Of a time limit that a scenario states.
inline Duration scaled(Duration duration, double multiplier) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(duration) * multiplier);
}

// Runs a started machine until it is decided. The machine is left as it is then, for triage; the caller stops it.
Outcome run_session(Machine& machine, const Scenario& scenario, const SessionOptions& options, const Clock& clock,
                    TranscriptFile& transcript);

}  // namespace bootrig
