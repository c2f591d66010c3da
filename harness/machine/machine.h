// Machine: a running instance of a target. A session pulls its events one by one; nothing happens
// behind its back. QemuMachine (qemu_machine.h) and BoardMachine (board_machine.h) are the real ones, FakeMachine
// (testing/) the one for tests.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "machine/breakpoint.h"
#include "machine/inspection.h"
#include "process/launcher.h"
#include "qemu/arguments.h"
#include "qemu/exception_log.h"
#include "spec/hosts.h"
#include "spec/target.h"

namespace bootrig {

// Bytes of the console, in order, never empty.
struct ConsoleOutput {
  std::string bytes;
};
// The guest stopped itself. All console bytes have been delivered before. The machine is paused and
// can be looked at.
struct GuestStopped {
  enum class Why { kPowerOff, kReset, kPanic };
  Why why = Why::kPowerOff;
};
// The machine's process ended without being asked to. All console bytes have been delivered before.
struct MachineExited {
  ExitStatus status;
};
struct DeadlinePassed {};
// Somebody asked the whole run to stop.
struct Interrupted {};
// The firmware of a board has started the image: all that the console says from now on is the image's. Once after each
// power-on of a machine that was in_firmware().
struct ImageStarted {};
using MachineEvent =
    std::variant<ConsoleOutput, GuestStopped, MachineExited, DeadlinePassed, Interrupted, ImageStarted>;

// What is known about the machine itself, as evidence for reports.
struct MachineFacts {
  std::vector<std::string> argv;  // the exact command
  std::string accelerator;        // as proven by query-kvm: "tcg" or "kvm"; empty: never answered
  std::string emulator_version;   // "7.2.22", from the QMP greeting
  std::string errors;             // what it wrote to stderr, at most 64 KiB
  pid_t pid = 0;
  Duration cpu_time{0};     // user and system time of its process, once ended
  std::string host;         // where it ran, as the hosts file names it; empty: on this one
  double time_scale = 1.0;  // of that host: its time limits were multiplied by it
};

// What a person at the console may ask of a machine, beside typing.
enum class MachineControl {
  kBreak,     // the serial line's BREAK
  kPause,     // the guest stands still, and nothing else changes
  kContinue,  // it goes on, after a pause or an inspection
  kReset,     // it begins anew, whatever it did before, its own end included; events come again
};

class Machine {
 public:
  virtual ~Machine() = default;
  // The next event, at the latest when the deadline passes. After GuestStopped or MachineExited
  // there are no others.
  virtual MachineEvent next_event(Deadline deadline) = 0;
  // What it says is a boot stage's before the image, until ImageStarted. That stage has limits of its own.
  virtual bool in_firmware() const { return false; }
  virtual Result<void> send(std::string_view bytes) = 0;
  // From now on next_event() gives DeadlinePassed as soon as the descriptor is readable, too; -1: none. False: this
  // machine keeps to its deadlines alone.
  virtual bool wake_on(int /*descriptor*/) { return false; }
  virtual Result<void> control(MachineControl /*what*/) { return fail("machines of this kind cannot do that"); }
  // Time so far that its busiest thread was runnable but not running: a loaded host, not a slow
  // guest.
  virtual Duration starved() = 0;
  // Stops the guest, if it still runs, and lets one look at it; one inspection at a time. Once that is put away, the
  // machine can be inspected again, debugged, stopped, or told to go on. An error: it has ended, or does not answer.
  virtual Result<std::unique_ptr<Inspection>> inspect() = 0;
  // Breakpoints, from before the guest goes on; once for a machine. While they are used, no events are pulled.
  virtual Result<std::unique_ptr<Breakpoints>> break_at(const std::vector<std::uint64_t>& /*addresses*/) {
    return fail("machines of this kind have no breakpoints");
  }
  // The exceptions that it has taken, where MachineRequest asked for their log and this machine writes one.
  virtual const ExceptionLog* exception_log() const { return nullptr; }
  // Stops the guest, if it still runs, and lets a debugger attach at a unix socket with this path (of letters, digits,
  // '/', '-' and '.', at most 100). Ends an inspection. Events can be pulled again: a debugger may let the guest go on.
  virtual Result<void> serve_gdb(const std::filesystem::path& socket) = 0;
  // Ends it and reaps it; a machine that is deaf to it is killed. Safe to call twice.
  virtual void stop() = 0;
  virtual const MachineFacts& facts() const = 0;
};

// A flag that wakes every machine when the run is interrupted (an eventfd underneath). Shared by
// all sessions.
class Interrupt {
 public:
  Interrupt();
  void raise();  // async-signal-safe
  bool raised() const;
  int descriptor() const { return event_.get(); }  // readable once raised

 private:
  ScopedFd event_;
};

// Why a machine could not be had: who must act differs.
struct StartFailure {
  // kUnavailable: no host can (skip); kStart: it should have started (error); kHost: another host, or a board, fails us
  // (error).
  enum class Kind { kUnavailable, kStart, kHost };
  Kind kind = Kind::kStart;
  std::string message;
};

struct MachineRequest {
  MachineSpec machine;
  BootImage image;
  std::size_t host = 0;     // one of MachineFactory::hosts()
  double time_scale = 1.0;  // by which its answers may take longer; of other hosts, times theirs
  // QEMU only. `paused`: before its first instruction, until breakpoints let it go on.
  bool paused = false;
  bool log_exceptions = false;
};

// Where machines can run.
struct MachineHost {
  std::string name;
  unsigned cores = 1;  // for machines; of the first host, the caller knows better
  std::uint64_t memory = 0;
  double time_scale = 1.0;  // by which time limits of its machines are multiplied
};

class MachineFactory {
 public:
  virtual ~MachineFactory() = default;
  // Why no host can run such machines; none: one can, or it is an error that start() will tell. Cached; asked before
  // anything is built or started.
  virtual std::optional<std::string> unavailable(const MachineSpec& machine) = 0;
  // Why start() will be an error, as far as asking the hosts tells: the only ones that could do not answer.
  virtual std::optional<std::string> trouble(const MachineSpec& machine) {
    (void)machine;
    return std::nullopt;
  }
  // This host, then the others; what a host has is known once hosts_for() has given it.
  virtual std::vector<MachineHost> hosts() { return {{"local"}}; }
  // Those that such a machine may be started on, any of them; never empty.
  virtual std::vector<std::size_t> hosts_for(const MachineSpec& machine) {
    (void)machine;
    return {0};
  }
  // The exact command that start() would run, for `bootrig plan`.
  virtual std::vector<std::string> command(const MachineRequest& request) = 0;
  // What `bootrig plan` says beside it, a line; empty: nothing.
  virtual std::string note(const MachineSpec& /*machine*/) { return {}; }
  virtual std::expected<std::unique_ptr<Machine>, StartFailure> start(const MachineRequest& request) = 0;
};

// The other hosts that machines may run on.
struct OtherHosts {
  std::vector<HostSpec> hosts;
  std::string file;              // that names them, for errors; empty: there is none
  std::filesystem::path agents;  // the folder of the agents (machine/ssh_host.h)
  std::string preferred;         // where machines go whose target names no host; empty: as the accelerator decides
};

// The real one: looks the kind of machine up in a table and starts it on this host or another.
std::unique_ptr<MachineFactory> make_machine_factory(ProcessLauncher& launcher, const Clock& clock,
                                                     const Interrupt& interrupt, OtherHosts others = {});

}  // namespace bootrig
