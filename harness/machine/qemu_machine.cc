#include "machine/qemu_machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "machine/qemu_inspection.h"

namespace bootrig {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr std::size_t kErrorsMax = std::size_t{64} << 10;
// A UART brings one byte a write, and a reader that wakes for each takes the processor from the
// guest. So after a short read the console is left alone for a moment (measured for 10 kB: 50 reads
// instead of 1700, and half of the work). Everything else still wakes it.
constexpr Duration kGather = std::chrono::microseconds(200);
constexpr std::size_t kShortRead = 4096;
// What of the log of exceptions is read in one go, so that a flood does not keep the console waiting.
constexpr int kLogReads = 16;
constexpr const char* kGone = "the machine has ended";
constexpr std::size_t kOutboxMax = std::size_t{1} << 20;
// Of the console while a command runs; a guest that says more in that time has the rest dropped.
constexpr std::size_t kHeldMax = std::size_t{1} << 20;

// What is there, at most a buffer full. Closes the descriptor at the end of the stream: QEMU that
// ends with unread input makes it ECONNRESET instead of 0.
std::string_view read_some(ScopedFd& descriptor, std::vector<char>& buffer) {
  if (!descriptor.valid()) return {};
  const ssize_t count = ::read(descriptor.get(), buffer.data(), buffer.size());
  if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
  if (count == 0 || (errno != EAGAIN && errno != EINTR)) descriptor.reset();
  return {};
}

int poll_until(std::span<pollfd> watched, Duration left, bool forever) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  return ::ppoll(watched.data(), watched.size(), forever ? nullptr : &timeout, nullptr);
}

// QEMU's ends, as a LaunchSpec names them.
struct FarEnds {
  ScopedFd uart, qmp, gdb, errors, log;
};

bool make_socket_pair(ScopedFd& near, ScopedFd& far) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
  near.reset(ends[0]);
  far.reset(ends[1]);
  // Room for the guest to go on while nobody reads; the kernel makes it what it allows.
  const int room = 1 << 20;
  ::setsockopt(far.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
  return ::fcntl(near.get(), F_SETFL, O_NONBLOCK) == 0;
}

bool make_pipe(ScopedFd& near, ScopedFd& far) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  near.reset(ends[0]);
  far.reset(ends[1]);
  return ::fcntl(near.get(), F_SETFL, O_NONBLOCK) == 0;
}

bool make_channels(QemuChannels& near, FarEnds& far, bool log) {
  if (log && !make_pipe(near.log, far.log)) return false;
  return make_socket_pair(near.uart, far.uart) && make_socket_pair(near.qmp, far.qmp) &&
         make_socket_pair(near.gdb, far.gdb) && make_pipe(near.errors, far.errors);
}

}  // namespace

QemuMachine::QemuMachine(std::unique_ptr<ChildProcess> process, QemuChannels channels, std::vector<std::string> argv,
                         const Clock& clock, const Interrupt& interrupt, double time_scale)
    : process_(std::move(process)),
      channels_(std::move(channels)),
      clock_(clock),
      interrupt_(interrupt),
      inspection_time_(
          std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(kInspectionTime) * time_scale)),
      buffer_(kReadSize) {
  if (channels_.log.valid()) log_.emplace();
  facts_.argv = std::move(argv);
  facts_.pid = process_->pid();
}

QemuMachine::~QemuMachine() {
  stop();
}

MachineEvent QemuMachine::next_event(Deadline deadline) {
  if (!held_.empty()) return ConsoleOutput{std::exchange(held_, {})};
  if (ended_) return *ended_;
  const bool late_before = std::exchange(late_, deadline.passed(clock_.now()));
  if (late_ && late_before) return DeadlinePassed{};
  for (;;) {
    // The end may have been read together with the last output; then nothing more will wake us.
    const Ready ready = wait(qmp_.stopped() ? Deadline{clock_.now()} : deadline, input_);
    if (ready.interrupted) return Interrupted{};
    if (ready.errors || ready.exited) read_errors();
    if (ready.log || ready.exited) read_log();
    if (ready.qmp || ready.exited) read_qmp();
    send_pending();
    // Only now: whatever the guest said before it stopped is in the socket.
    if (std::string bytes = read_console(); !bytes.empty()) return ConsoleOutput{std::move(bytes)};
    if (ready.exited || qmp_.stopped()) return end();
    if (ready.input || deadline.passed(clock_.now())) return DeadlinePassed{};
  }
}

// Descriptors that are closed are -1, which poll passes over.
QemuMachine::Ready QemuMachine::wait(Deadline deadline, int input) const {
  const TimePoint now = clock_.now();
  const bool gathering = now < gather_until_;
  if (gathering) deadline = earlier(deadline, Deadline{gather_until_});
  const short console_events = outbox_.empty() ? POLLIN : POLLIN | POLLOUT;
  std::array<pollfd, 7> watched{{{interrupt_.descriptor(), POLLIN, 0},
                                 {process_->pidfd(), POLLIN, 0},
                                 {channels_.qmp.get(), POLLIN, 0},
                                 {channels_.errors.get(), POLLIN, 0},
                                 {gathering ? -1 : channels_.uart.get(), console_events, 0},
                                 {input, POLLIN, 0},
                                 {channels_.log.get(), POLLIN, 0}}};
  const int count = poll_until(watched, deadline.remaining(now), deadline.is_never());
  CHECK(count >= 0 || errno == EINTR);
  if (count <= 0) return {};
  return {.interrupted = watched[0].revents != 0,
          .exited = watched[1].revents != 0,
          .qmp = watched[2].revents != 0,
          .errors = watched[3].revents != 0,
          .log = watched[6].revents != 0,
          .input = watched[5].revents != 0};
}

std::string QemuMachine::read_console() {
  const auto bytes = read_some(channels_.uart, buffer_);
  if (!bytes.empty() && bytes.size() < kShortRead) gather_until_ = clock_.now() + kGather;
  return std::string(bytes);
}

// Nobody asks for the console while a command runs; but QEMU that finds no room there waits, deaf to all else.
void QemuMachine::hold_console() {
  const std::string bytes = read_console();
  held_.append(bytes, 0, kHeldMax - held_.size());
}

void QemuMachine::read_qmp() {
  for (auto bytes = read_some(channels_.qmp, buffer_); !bytes.empty(); bytes = read_some(channels_.qmp, buffer_)) {
    qmp_.feed(bytes);
  }
  facts_.emulator_version = qmp_.version();
  facts_.accelerator = qmp_.accelerator();
}

// One read a time, so that a flood (-d) does not keep the console waiting. Beyond the limit it is
// dropped.
void QemuMachine::read_errors() {
  const auto bytes = read_some(channels_.errors, buffer_);
  facts_.errors.append(bytes.substr(0, kErrorsMax - facts_.errors.size()));
}

void QemuMachine::read_log() {
  for (int i = 0; i < kLogReads; ++i) {
    const auto bytes = read_some(channels_.log, buffer_);
    if (bytes.empty()) return;
    log_->feed(bytes);
  }
}

Result<void> QemuMachine::hear(const Ready& ready) {
  if (ready.interrupted) return fail("the run was interrupted");
  if (ready.errors) read_errors();
  if (ready.log || ready.exited) read_log();
  if (ready.qmp || ready.exited) read_qmp();
  hold_console();
  return {};
}

Result<void> QemuMachine::send(std::string_view bytes) {
  if (ended_ || !channels_.uart.valid()) return fail("cannot send to the console: the machine has ended");
  if (outbox_.size() + bytes.size() > kOutboxMax) {
    return fail(fmt::format("cannot send to the console: the guest has left {} bytes unread", outbox_.size()));
  }
  outbox_ += bytes;
  send_pending();
  return {};
}

void QemuMachine::send_pending() {
  if (outbox_.empty() || !channels_.uart.valid()) return;
  const ssize_t count = ::send(channels_.uart.get(), outbox_.data(), outbox_.size(), MSG_NOSIGNAL);
  if (count > 0) outbox_.erase(0, static_cast<std::size_t>(count));
  // Nobody will read it; that the machine has ended is found by the next poll.
  if (count < 0 && errno != EAGAIN && errno != EINTR) outbox_.clear();
}

Result<std::unique_ptr<Inspection>> QemuMachine::inspect() {
  if (!channels_.qmp.valid() || (ended_ && std::holds_alternative<MachineExited>(*ended_))) return fail(kGone);
  if (debugged_) return fail("a debugger has the machine");
  const TimePoint begin = clock_.now();
  const Deadline deadline = Deadline::after(begin, inspection_time_);
  BOOTRIG_TRY_VOID(run_command("stop", {}, deadline));
  const bool attached = stub_ != nullptr;
  if (!attached) BOOTRIG_TRY_VOID(start_stub(deadline));
  auto inspection = std::make_unique<QemuInspection>(
      *stub_, [this](std::string_view command, Deadline until) { return run_monitor(command, until); },
      [this](Duration time, Deadline until) { return let_run(time, until); }, clock_, deadline.remaining(clock_.now()),
      [this](const auto& write, std::size_t limit) { return process_->take_file(write, limit); });
  if (!attached) BOOTRIG_TRY_VOID(inspection->attach());
  return inspection;
}

Result<std::unique_ptr<Breakpoints>> QemuMachine::break_at(const std::vector<std::uint64_t>& addresses) {
  // An inspection stops the guest and attaches the stub.
  BOOTRIG_TRY_VOID(inspect());
  auto breakpoints = std::make_unique<GdbBreakpoints>(
      *stub_, [this](std::optional<unsigned> step, Deadline deadline) { return go_on(step, deadline); }, clock_,
      inspection_time_);
  BOOTRIG_TRY_VOID(breakpoints->insert(addresses));
  return breakpoints;
}

// The log and the console are read on the way: QEMU that finds no room for them waits, deaf to all else.
Result<std::optional<GdbStop>> QemuMachine::go_on(std::optional<unsigned> step, Deadline deadline) {
  BOOTRIG_TRY_VOID(stub_->resume(step));
  bool stopping = false;
  for (;;) {
    const Ready ready = wait(deadline, stub_->descriptor());
    BOOTRIG_TRY_VOID(hear(ready));
    BOOTRIG_TRY(const std::optional<GdbStop> stop, stub_->take_stop());
    // A stop that we asked for may have come too late for a breakpoint.
    if (stop) return stopping && !stop->trap && !qmp_.stopped() ? std::nullopt : std::optional(*stop);
    if (ready.exited || !channels_.qmp.valid()) return fail(kGone);
    if (!deadline.passed(clock_.now())) continue;
    if (stopping) return fail("gdbstub: it does not tell that the guest has stopped");
    deadline = Deadline::after(clock_.now(), inspection_time_);
    BOOTRIG_TRY_VOID(run_command("stop", {}, deadline));
    stopping = true;
  }
}

// Once: a second gdbserver would take this chardev out of the machine.
Result<void> QemuMachine::start_stub(Deadline deadline) {
  BOOTRIG_TRY(const std::string answer, run_monitor("gdbserver chardev:gdb", deadline));
  if (!answer.starts_with("Waiting for gdb connection")) {
    return fail(fmt::format("QEMU does not start its gdbstub: {}", printable(trim(answer))));
  }
  stub_ = std::make_unique<GdbStub>(std::move(channels_.gdb), clock_);
  return {};
}

Result<void> QemuMachine::control(MachineControl what) {
  if (!channels_.qmp.valid() || (ended_ && std::holds_alternative<MachineExited>(*ended_))) return fail(kGone);
  const Deadline deadline = Deadline::after(clock_.now(), inspection_time_);
  if (what == MachineControl::kReset) return reset(deadline);
  if (qmp_.stopped()) return fail("the guest has ended");
  if (what == MachineControl::kBreak) {
    BOOTRIG_TRY_VOID(run_command("chardev-send-break", {{"id", "uart"}}, deadline));
  } else {
    BOOTRIG_TRY_VOID(run_command(what == MachineControl::kPause ? "stop" : "cont", {}, deadline));
  }
  return {};
}

// -no-reboot makes an end of every reset, ours included, so it is taken back until QEMU has taken the request. A guest
// that had ended waits for "cont" then, and a running one does not mind it.
Result<void> QemuMachine::reset(Deadline deadline) {
  const unsigned before = qmp_.resets();
  BOOTRIG_TRY_VOID(run_command("set-action", {{"reboot", "reset"}}, deadline));
  BOOTRIG_TRY_VOID(run_command("system_reset", {}, deadline));
  BOOTRIG_TRY_VOID(run_command("set-action", {{"reboot", "shutdown"}}, deadline));
  while (qmp_.resets() == before) {
    const Ready ready = wait(deadline);
    BOOTRIG_TRY_VOID(hear(ready));
    if (ready.exited) return fail(kGone);
    if (deadline.passed(clock_.now())) return fail("QEMU does not reset the guest in time");
  }
  outbox_.clear();
  ended_.reset();
  BOOTRIG_TRY_VOID(run_command("cont", {}, deadline));
  return {};
}

// The chardev is made first: those that gdbserver makes itself are named "gdb", as the one of inspections is already.
Result<void> QemuMachine::serve_gdb(const std::filesystem::path& socket) {
  if (!channels_.qmp.valid() || (ended_ && std::holds_alternative<MachineExited>(*ended_))) return fail(kGone);
  const Deadline deadline = Deadline::after(clock_.now(), inspection_time_);
  BOOTRIG_TRY_VOID(run_command("stop", {}, deadline));
  BOOTRIG_TRY(const std::string there, process_->listen_for(socket));
  BOOTRIG_TRY(const std::string made,
              run_monitor(fmt::format("chardev-add socket,id=debugger,path={},server=on,wait=off", there), deadline));
  if (!trim(made).empty()) return fail(fmt::format("QEMU makes no socket for gdb: {}", printable(trim(made))));
  BOOTRIG_TRY(const std::string answer, run_monitor("gdbserver chardev:debugger", deadline));
  if (!answer.starts_with("Waiting for gdb connection")) {
    return fail(fmt::format("QEMU does not start its gdbstub: {}", printable(trim(answer))));
  }
  channels_.gdb.reset();
  debugged_ = true;
  gather_until_ = TimePoint{};
  return {};
}

Result<std::string> QemuMachine::run_monitor(std::string_view command, Deadline deadline) {
  return run_command("human-monitor-command", {{"command-line", std::string(command)}}, deadline);
}

Result<void> QemuMachine::let_run(Duration time, Deadline deadline) {
  BOOTRIG_TRY_VOID(run_command("cont", {}, deadline));
  const TimePoint begin = clock_.now();
  const Duration starved_before = process_->starved();
  for (TimePoint until = begin + time; clock_.now() < until && !deadline.passed(clock_.now());) {
    const Ready ready = wait(earlier(deadline, Deadline{until}));
    BOOTRIG_TRY_VOID(hear(ready));
    if (ready.exited) return fail(kGone);
    until = begin + time + (process_->starved() - starved_before);
  }
  BOOTRIG_TRY_VOID(run_command("stop", {}, deadline));
  return {};
}

Result<std::string> QemuMachine::run_command(std::string_view command,
                                             const std::vector<std::pair<std::string, std::string>>& arguments,
                                             Deadline deadline) {
  const std::string id = fmt::format("bootrig-{}", ++commands_);
  const std::string line = qmp_command(command, id, arguments);
  qmp_.await(id);
  // A socket that has no room for a line is that of a QEMU that has long ceased to listen.
  const ssize_t sent = ::send(channels_.qmp.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) {
    return fail(sent < 0 && errno != EAGAIN ? kGone : "QEMU does not take commands");
  }
  for (;;) {
    const Ready ready = wait(deadline);
    BOOTRIG_TRY_VOID(hear(ready));
    if (qmp_.reply()) break;
    if (ready.exited || !channels_.qmp.valid()) return fail(kGone);
    if (deadline.passed(clock_.now())) return fail(fmt::format("QEMU does not answer to '{}' in time", command));
  }
  if (*qmp_.reply()) return qmp_.reply()->value();
  return fail(fmt::format("QEMU refuses '{}': {}", command, qmp_.reply()->error().message));
}

MachineEvent QemuMachine::end() {
  if (qmp_.stopped()) {
    ended_ = GuestStopped{*qmp_.stopped()};
  } else {
    reap();
  }
  return *ended_;
}

void QemuMachine::reap() {
  const ExitStatus status = *process_->wait(Deadline::never());
  facts_.cpu_time = status.cpu_time;
  while (channels_.errors.valid()) {
    const std::size_t before = facts_.errors.size();
    read_errors();
    if (facts_.errors.size() == before) break;
  }
  if (!ended_) ended_ = MachineExited{status};
}

// Nothing in a machine is worth saving: SIGKILL is its shortest way out.
void QemuMachine::stop() {
  process_->signal(SIGKILL);
  reap();
  channels_ = {};
}

std::expected<std::unique_ptr<Machine>, StartFailure> start_qemu(ProcessLauncher& launcher, const Clock& clock,
                                                                 const Interrupt& interrupt,
                                                                 const MachineRequest& request) {
  QemuChannels near;
  FarEnds far;
  if (!make_channels(near, far, request.log_exceptions)) {
    return std::unexpected(StartFailure{StartFailure::Kind::kStart,
                                        fmt::format("cannot make the machine's channels: {}", std::strerror(errno))});
  }
  // The socket is empty and takes it whole.
  const std::string_view opening = request.paused ? kQmpOpeningPaused : kQmpOpening;
  CHECK(::send(near.qmp.get(), opening.data(), opening.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(opening.size()));
  LaunchSpec spec{
      .argv = qemu_arguments(request.machine, request.image),
      .errors = far.errors.get(),
      .inherited = {
          {far.uart.get(), kUartDescriptor}, {far.qmp.get(), kQmpDescriptor}, {far.gdb.get(), kGdbDescriptor}}};
  if (request.log_exceptions) {
    const auto more = exception_log_arguments();
    spec.argv.insert(spec.argv.end(), more.begin(), more.end());
    spec.inherited.push_back({far.log.get(), kLogDescriptor});
  }
  auto process = launcher.launch(spec);
  if (!process) return std::unexpected(StartFailure{StartFailure::Kind::kStart, to_text(process.error())});
  return std::make_unique<QemuMachine>(std::move(*process), std::move(near), spec.argv, clock, interrupt,
                                       request.time_scale);
}

}  // namespace bootrig
