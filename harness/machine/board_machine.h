// BoardMachine: a machine that is real hardware: a console on a line, power by commands, an image that its firmware loads.
// It is powered off when it is put away, and its lease given back. What a board cannot tell (that its guest ended, its
// registers, its memory) it says it cannot.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/board_guard.h"
#include "machine/board_lease.h"
#include "machine/machine.h"
#include "machine/serial_line.h"
#include "machine/ymodem.h"
#include "match/matcher.h"
#include "spec/board.h"

namespace bootrig {

// What the sessions of a run know together of a board: that it was given up, and why. Later sessions are not tried.
class BoardState {
 public:
  void give_up(const std::string& why);
  std::optional<std::string> given_up() const;

 private:
  mutable std::mutex mutex_;
  std::optional<std::string> why_;
};

// A board's commands, with the words filled in. Each has a time limit and is tried again when it fails. Its guard runs
// them, where there is one; a guard that was killed is missed by nobody but the next who kills bootrig.
class BoardCommands {
 public:
  BoardCommands(const BoardSpec& board, const BoardWords& words, ProcessLauncher& launcher, const Clock& clock);

  // From now on.
  void be_guarded(BoardGuard guard) { guard_.emplace(std::move(guard)); }
  void end_guard() { guard_.reset(); }

  Result<void> power_off();  // nothing, where there is reset alone
  // Off and on again, or reset; `between` runs while it is off.
  Result<void> power_cycle(const std::function<Result<void>()>& between);
  Result<void> reset();
  Result<void> acquire(const Interrupt& interrupt);
  Result<void> release();
  // The bytes get where the firmware finds them.
  Result<void> deploy(const std::string& image);
  CommandLine starting() const;  // the command that powers it on

 private:
  struct Limits {
    Duration timeout;
    unsigned tries = 1;
  };
  Limits power_limits() const { return {board_.power.timeout, board_.power.retries + 1}; }
  Result<void> power_up();  // on, or reset
  // `undo`: what the guard does once bootrig is gone, from when the command has succeeded.
  Result<void> run(std::string_view what, const CommandLine& command, Limits limits, const GuardCommand& undo = {});
  Result<CommandResult> run_once(const GuardRequest& request, Duration timeout);

  const BoardSpec& board_;
  BoardWords words_;
  ProcessLauncher& launcher_;
  const Clock& clock_;
  std::optional<BoardGuard> guard_;
};

class BoardMachine final : public Machine {
 public:
  // Powered on already. `state` may be told that the board is given up.
  struct Parts {
    std::shared_ptr<const BoardSpec> board;
    // Of the boot steps; between two of them the image is uploaded. Empty: there is nothing to drive.
    std::vector<std::shared_ptr<const Expectations>> boot_phases;
    std::string upload;  // what is sent then; empty where no step does
    std::string upload_name;
    HeldLease lease;
    BoardCommands commands;
    SerialLine line;
    std::shared_ptr<BoardState> state;
  };
  BoardMachine(Parts parts, const Clock& clock, const Interrupt& interrupt);
  ~BoardMachine() override;

  MachineEvent next_event(Deadline deadline) override;
  bool in_firmware() const override { return firmware_ != nullptr; }
  // Never blocks: what the line does not take yet is kept (up to 1 MiB) and sent while events are pulled.
  Result<void> send(std::string_view bytes) override;
  bool wake_on(int descriptor) override {
    input_ = descriptor;
    return true;
  }
  Result<void> control(MachineControl what) override;
  Duration starved() override { return Duration::zero(); }
  Result<std::unique_ptr<Inspection>> inspect() override;
  Result<void> serve_gdb(const std::filesystem::path& socket) override;
  void stop() override;
  const MachineFacts& facts() const override { return facts_; }

 private:
  // Follows the firmware's console.
  struct Firmware {
    explicit Firmware(std::shared_ptr<const Expectations> steps) : matcher(std::move(steps)) {}
    std::size_t find_image(std::string_view bytes, std::size_t from);  // npos: not there yet

    Matcher matcher;  // of this phase
    std::size_t phase = 0;
    std::optional<YmodemSender> upload;  // that goes on, behind this phase
    std::size_t awaited = 0;             // expectations met when `step` began
    Deadline step;                       // of the one that is awaited now
    Duration within{0};                  // that it had
    bool met = false;                    // all of the last phase are
    bool last_line_over = false;         // in which the last one was met
    unsigned power_ons = 1;
  };
  void begin_firmware(unsigned power_ons);
  void hear(std::string bytes);
  void follow_firmware(std::string bytes);
  // Each takes of the bytes what is its own and gives how much; true: the other goes on with the rest.
  bool follow_steps(std::string_view bytes, std::size_t& taken, std::optional<std::size_t>& image);
  bool follow_upload(std::string_view bytes, std::size_t& taken);
  void begin_step(Duration within);
  std::string what_was_missed() const;
  void start_image(std::string of_image, std::string of_firmware);
  void check_firmware();
  void end(const std::string& why);
  void send_pending();

  Parts parts_;
  const Clock& clock_;
  const Interrupt& interrupt_;
  MachineFacts facts_;
  std::unique_ptr<Firmware> firmware_;
  std::deque<MachineEvent> queue_;     // to be given, before all that comes
  std::optional<MachineEvent> ended_;  // the last event, once there was one
  std::string outbox_;
  int input_ = -1;
  bool silent_ = true;  // nothing was said since power-on
  bool late_ = false;   // the last call's deadline had passed
  bool stopped_ = false;
};

// Waits for the board, opens its line, deploys the image and powers it on. Failures are the environment's. `agent`: the
// program that guards it; empty: nobody does.
std::expected<std::unique_ptr<Machine>, StartFailure> start_board(ProcessLauncher& launcher, const Clock& clock,
                                                                  const Interrupt& interrupt,
                                                                  const MachineRequest& request,
                                                                  std::shared_ptr<BoardState> state,
                                                                  const std::filesystem::path& agent);

// The command that powers it on, with the image's name in it; and a line about its console and its lease.
std::vector<std::string> board_command(const MachineRequest& request);
std::string board_note(const BoardSpec& board);

}  // namespace bootrig
