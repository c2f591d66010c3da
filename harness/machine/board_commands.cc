// BoardCommands: power, deployment and a farm's lease, as commands of the user's.
#include <fmt/format.h>
#include <unistd.h>

#include <functional>
#include <system_error>

#include "base/text.h"
#include "machine/board_machine.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// A farm's place that somebody else has is asked for again.
constexpr Duration kAskAgain = std::chrono::seconds(2);
constexpr Duration kLeaseTime = std::chrono::seconds(60);
constexpr unsigned kReleaseTries = 2;

// "ended with exit status 1: no such outlet"; empty: it did what it should.
std::string trouble_of(const Result<CommandResult>& done, Duration timeout) {
  if (!done) return to_text(done.error());
  const auto lines = split_lines(trim(done->output));
  const std::string said = lines.empty() ? "" : fmt::format(": {}", printable(lines.back()));
  if (done->timed_out) return fmt::format("did not end within {}{}", format_duration(timeout), said);
  if (done->status.code != 0) return fmt::format("ended with {}{}", done->status.to_text(), said);
  return "";
}

std::uint64_t in_milliseconds(Duration time) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace

BoardCommands::BoardCommands(const BoardSpec& board, const BoardWords& words, ProcessLauncher& launcher,
                             const Clock& clock)
    : board_(board), words_(words), launcher_(launcher), clock_(clock) {}

Result<void> BoardCommands::run(std::string_view what, const CommandLine& command, Limits limits,
                                const GuardCommand& undo) {
  const CommandLine argv = fill_in(command, words_);
  const GuardRequest request{{.timeout_ms = in_milliseconds(limits.timeout), .words = argv}, undo};
  std::string trouble;
  for (unsigned i = 0; i < limits.tries; ++i) {
    trouble = trouble_of(run_once(request, limits.timeout), limits.timeout);
    if (trouble.empty()) return {};
  }
  const std::string often = limits.tries > 1 ? fmt::format(" (tried {} times)", limits.tries) : "";
  return fail(fmt::format("{}: '{}' {}{}", what, printable(shell_quote(argv)), trouble, often));
}

Result<CommandResult> BoardCommands::run_once(const GuardRequest& request, Duration timeout) {
  if (guard_) {
    if (auto done = guard_->run(request)) return std::move(*done);
  }
  return run_command(launcher_, {.argv = request.run.words}, Deadline::after(clock_.now(), timeout), kGuardOutputMax);
}

Result<void> BoardCommands::power_off() {
  if (board_.power.off.empty()) return {};
  // The board is off before it is switched on, so this is in the guard's memory when it is.
  const GuardCommand again{"switching the board off", in_milliseconds(board_.power.timeout), power_limits().tries,
                           fill_in(board_.power.off, words_)};
  return run("power off", board_.power.off, power_limits(), again);
}

Result<void> BoardCommands::power_up() {
  if (!board_.power.on.empty()) return run("power on", board_.power.on, power_limits());
  return board_.power.reset.empty() ? Result<void>() : run("power reset", board_.power.reset, power_limits());
}

Result<void> BoardCommands::power_cycle(const std::function<Result<void>()>& between) {
  BOOTRIG_TRY_VOID(power_off());
  BOOTRIG_TRY_VOID(between());
  return power_up();
}

Result<void> BoardCommands::reset() {
  if (board_.power.reset.empty()) return power_cycle([]() -> Result<void> { return {}; });
  return run("power reset", board_.power.reset, power_limits());
}

Result<void> BoardCommands::acquire(const Interrupt& interrupt) {
  if (board_.lease.acquire.empty()) return {};
  const GuardCommand release{"giving it back", in_milliseconds(kLeaseTime), kReleaseTries,
                             fill_in(board_.lease.release, words_)};
  const Deadline deadline = Deadline::after(clock_.now(), board_.lease.wait);
  for (;;) {
    auto done = run("the lease", board_.lease.acquire, {kLeaseTime}, release);
    if (done) return {};
    if (deadline.remaining(clock_.now()) < kAskAgain) {
      return fail(fmt::format("{}; waited {}", done.error().message, format_duration(board_.lease.wait)));
    }
    if (!wait_quietly(kAskAgain, interrupt)) return fail("interrupted while waiting for it");
  }
}

Result<void> BoardCommands::release() {
  if (board_.lease.release.empty()) return {};
  return run("giving it back", board_.lease.release, {kLeaseTime, kReleaseTries});
}

// A copy is renamed into its place: a board that loads in that moment gets the old image or the new one. What is flat is
// no file yet: a command gets one that stays as long as it runs.
Result<void> BoardCommands::deploy(const std::string& image) {
  const BoardDeploy& deploy = board_.deploy;
  const auto in_words = [](const Result<void>& done) -> Result<void> {
    if (!done) return fail("deploying the image: " + to_text(done.error()));
    return {};
  };
  if (!deploy.folder.empty()) return in_words(write_file_atomically(deploy.folder / words_.at("name"), image));
  if (deploy.command.empty()) return {};
  if (!deploy.flat) return run("deploying the image", deploy.command, {deploy.timeout});
  const fs::path file = fs::temp_directory_path() / fmt::format("bootrig-{}-{}", ::getpid(), words_.at("sha256"));
  BOOTRIG_TRY_VOID(in_words(write_file(file, image)));
  words_["image"] = file.string();
  auto done = run("deploying the image", deploy.command, {deploy.timeout});
  std::error_code ignored;
  fs::remove(file, ignored);
  return done;
}

CommandLine BoardCommands::starting() const {
  return fill_in(board_.power.on.empty() ? board_.power.reset : board_.power.on, words_);
}

}  // namespace bootrig
