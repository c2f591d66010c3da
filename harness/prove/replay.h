// A replay: what a guest once said, or might have said, goes through the session and the judge that a run uses. No
// machine is started and no time passes but in the session's own clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "run/verdict.h"
#include "spec/scenario.h"

namespace bootrig {

// From `offset` on the guest speaks only once the scenario has sent so many bytes.
struct Gate {
  std::size_t offset = 0;
  std::size_t sent = 0;
};

struct Recording {
  std::string console;  // without ANSI escapes
  std::vector<Gate> gates;
  std::optional<GuestStopped::Why> end;  // none: the guest went on, silent
};

// Of a session that has passed. Where the scenario's sends stand is a function of the console's bytes.
Recording make_recording(const Scenario& scenario, std::string_view console, Termination termination);

// The bytes from `begin` to `end` become `text`; gates behind them move along.
void replace(Recording& recording, std::size_t begin, std::size_t end, std::string_view text);
// The guest says nothing from `offset` on.
void truncate(Recording& recording, std::size_t offset);

Verdict replay(const Scenario& scenario, const Recording& recording);

}  // namespace bootrig
