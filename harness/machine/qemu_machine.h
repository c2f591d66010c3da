// QemuMachine: a machine that is a QEMU process of this host. It owns the process and our ends of
// its channels, and waits for all of them at once with poll. One thread uses it at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/gdb_stub.h"
#include "machine/machine.h"
#include "machine/qmp.h"

namespace bootrig {

// Our ends, none of them blocking.
struct QemuChannels {
  ScopedFd uart;
  ScopedFd qmp;
  ScopedFd gdb;     // nobody speaks there until a monitor command starts a gdbstub
  ScopedFd errors;  // the reading end of its stderr
  ScopedFd log;     // the reading end of its log of exceptions; invalid: it writes none
};

class QemuMachine final : public Machine {
 public:
  QemuMachine(std::unique_ptr<ChildProcess> process, QemuChannels channels, std::vector<std::string> argv,
              const Clock& clock, const Interrupt& interrupt, double time_scale = 1.0);
  ~QemuMachine() override;

  // With a deadline that has already passed: what the console holds is still delivered, once, so
  // that a late reader does not take a guest for silent; asked a second time in a row,
  // DeadlinePassed. Output that never ends does not hold a session up.
  MachineEvent next_event(Deadline deadline) override;
  // Never blocks: what the guest does not take yet is kept (up to 1 MiB) and sent while events are
  // pulled.
  Result<void> send(std::string_view bytes) override;
  bool wake_on(int descriptor) override {
    input_ = descriptor;
    return true;
  }
  Result<void> control(MachineControl what) override;
  Duration starved() override { return process_->starved(); }
  Result<std::unique_ptr<Inspection>> inspect() override;
  Result<std::unique_ptr<Breakpoints>> break_at(const std::vector<std::uint64_t>& addresses) override;
  const ExceptionLog* exception_log() const override { return log_ ? &*log_ : nullptr; }
  Result<void> serve_gdb(const std::filesystem::path& socket) override;
  void stop() override;
  const MachineFacts& facts() const override { return facts_; }

 private:
  struct Ready {
    bool interrupted = false;
    bool exited = false;
    bool qmp = false;
    bool errors = false;
    bool log = false;
    bool input = false;
  };
  // `input`: a descriptor of the caller's to watch as well, or -1.
  Ready wait(Deadline deadline, int input = -1) const;
  std::string read_console();
  void hold_console();
  void read_qmp();
  void read_errors();
  void read_log();
  void send_pending();
  // Runs a QMP command and gives the text that it returns.
  Result<std::string> run_command(std::string_view command,
                                  const std::vector<std::pair<std::string, std::string>>& arguments, Deadline deadline);
  Result<std::string> run_monitor(std::string_view command, Deadline deadline);
  Result<void> let_run(Duration time, Deadline deadline);
  Result<std::optional<GdbStop>> go_on(std::optional<unsigned> step, Deadline deadline);
  // What is there now of all that QEMU says while nobody pulls events; an error: it has ended, or the run.
  Result<void> hear(const Ready& ready);
  Result<void> start_stub(Deadline deadline);
  Result<void> reset(Deadline deadline);
  MachineEvent end();
  void reap();

  std::unique_ptr<ChildProcess> process_;
  QemuChannels channels_;
  const Clock& clock_;
  const Interrupt& interrupt_;
  const Duration inspection_time_;
  QmpReader qmp_;
  MachineFacts facts_;
  std::string outbox_;             // for the guest, not sent yet
  std::string held_;               // of the console, read while a command ran
  int input_ = -1;                 // the caller's, which wakes next_event()
  std::unique_ptr<GdbStub> stub_;  // attached at the first inspection
  std::optional<ExceptionLog> log_;
  bool debugged_ = false;
  std::vector<char> buffer_;           // for one read
  std::optional<MachineEvent> ended_;  // the last event, once there was one
  TimePoint gather_until_{};           // the console is not watched before
  unsigned commands_ = 0;              // that were run, to tell their replies apart
  bool late_ = false;                  // the last call's deadline had passed
};

// Starts QEMU. What it says against its arguments comes later, as MachineExited and facts().errors.
std::expected<std::unique_ptr<Machine>, StartFailure> start_qemu(ProcessLauncher& launcher, const Clock& clock,
                                                                 const Interrupt& interrupt,
                                                                 const MachineRequest& request);

}  // namespace bootrig
