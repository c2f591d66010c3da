// ConsoleSession: a person, or a pipe, at a running machine's console. What is typed goes to the guest and what the guest
// says comes back, byte by byte, into the transcript first. It knows descriptors and a Machine alone: how the terminal is
// set and which machine it is, is the caller's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console_keys.h"
#include "machine/machine.h"
#include "run/time_limit.h"
#include "run/transcript_file.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct ConsoleEnds {
  int input = 0;
  int output = 1;       // the guest's bytes, as they are
  int notes = 2;        // our own lines
  bool person = false;  // input is a terminal: Ctrl-] is the menu, and the end is a person's to say
};

struct ConsoleOptions {
  // Of a pipe, once it has ended: how long the guest is silent (after it said something), and how long it may go on. The
  // second also is how long a guest may take none of the input.
  Duration silence = std::chrono::seconds(3);
  Duration timeout = std::chrono::seconds(60);
  std::filesystem::path folder;  // of the transcript
  // What is to be told of the machine as it is; it may be left standing still.
  std::function<std::vector<std::string>(std::string_view said, StoppedFor)> diagnose;
};

class ConsoleSession {
 public:
  ConsoleSession(Machine& machine, TranscriptFile& transcript, ConsoleEnds ends, ConsoleOptions options,
                 const Clock& clock, const Interrupt& interrupt);

  // Until somebody or something ends it. The machine is the caller's to stop. The exit status: 0 a person quit, or the
  // guest ended or fell silent after a pipe's end; 1 the guest panicked, the machine broke, or time was over. An error:
  // the output cannot be written, or the run was interrupted.
  Result<int> run();

  // A line of bootrig's own: safe, and on a line of its own.
  void say(std::string_view text);

 private:
  void take_event(const MachineEvent& event);
  void take_output(std::string_view bytes);
  void take_stop(GuestStopped::Why why);
  void take_exit(const MachineExited& exited);
  void wait_for_keys();
  void read_input();
  void take_typed(std::string_view bytes);
  void send_piped();
  void end_input();
  TimeLimit limit(Duration duration) const;
  void check_limits();
  Deadline next_deadline() const;
  void obey(ConsoleCommand command);
  void obey_control(MachineControl what, std::string_view done);
  void diagnose(StoppedFor stopped_for);
  void save();
  void write(std::string_view bytes);

  Machine& machine_;
  TranscriptFile& transcript_;
  const ConsoleEnds ends_;
  const ConsoleOptions options_;
  const Clock& clock_;
  const Interrupt& interrupt_;
  const TimePoint power_on_;
  ConsoleKeys keys_;
  std::optional<Result<int>> end_;
  std::optional<GuestStopped::Why> stopped_;  // the guest ended; the machine has no events until a reset
  bool paused_ = false;
  bool on_newline_ = true;
  bool wakes_ = false;  // the machine looks at our input itself
  bool input_over_ = false;
  std::string unsent_;   // of a pipe
  Duration starved_{0};  // when it was last asked for
  TimeLimit silence_, time_;
  std::string said_;  // since the last reset, the end of it: what triage reads
};

}  // namespace bootrig
