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
constexpr std::size_t kOutputMax = std::size_t{64} << 10;

// "ended with exit status 1: no such outlet"; empty: it did what it should.
std::string trouble_of(const Result<CommandResult>& done, Duration timeout) {
  if (!done) return to_text(done.error());
  const auto lines = split_lines(trim(done->output));
  const std::string said = lines.empty() ? "" : fmt::format(": {}", printable(lines.back()));
  if (done->timed_out) return fmt::format("did not end within {}{}", format_duration(timeout), said);
  if (done->status.code != 0) return fmt::format("ended with {}{}", done->status.to_text(), said);
  return "";
}

}  // namespace

BoardCommands::BoardCommands(const BoardSpec& board, const BoardWords& words, ProcessLauncher& launcher,
                             const Clock& clock)
    : board_(board), words_(words), launcher_(launcher), clock_(clock) {}

Result<void> BoardCommands::run(std::string_view what, const CommandLine& command, Duration timeout, unsigned tries) {
  const CommandLine argv = fill_in(command, words_);
  std::string trouble;
  for (unsigned i = 0; i < tries; ++i) {
    trouble =
        trouble_of(run_command(launcher_, {.argv = argv}, Deadline::after(clock_.now(), timeout), kOutputMax), timeout);
    if (trouble.empty()) return {};
  }
  const std::string often = tries > 1 ? fmt::format(" (tried {} times)", tries) : "";
  return fail(fmt::format("{}: '{}' {}{}", what, printable(shell_quote(argv)), trouble, often));
}

Result<void> BoardCommands::power(std::string_view what) {
  const CommandLine& command = what == "on" ? board_.power.on : what == "off" ? board_.power.off : board_.power.reset;
  if (command.empty()) return {};
  return run(fmt::format("power {}", what), command, board_.power.timeout, board_.power.retries + 1);
}

Result<void> BoardCommands::power_cycle(const std::function<Result<void>()>& between) {
  BOOTRIG_TRY_VOID(power_off());
  BOOTRIG_TRY_VOID(between());
  return power(board_.power.on.empty() ? "reset" : "on");
}

Result<void> BoardCommands::reset() {
  return board_.power.reset.empty() ? power_cycle([]() -> Result<void> { return {}; }) : power("reset");
}

Result<void> BoardCommands::acquire(const Interrupt& interrupt) {
  if (board_.lease.acquire.empty()) return {};
  const Deadline deadline = Deadline::after(clock_.now(), board_.lease.wait);
  for (;;) {
    auto done = run("the lease", board_.lease.acquire, kLeaseTime, 1);
    if (done) return {};
    if (deadline.remaining(clock_.now()) < kAskAgain) {
      return fail(fmt::format("{}; waited {}", done.error().message, format_duration(board_.lease.wait)));
    }
    if (!wait_quietly(kAskAgain, interrupt)) return fail("interrupted while waiting for it");
  }
}

Result<void> BoardCommands::release() {
  if (board_.lease.release.empty()) return {};
  return run("giving it back", board_.lease.release, kLeaseTime, 1);
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
  if (!deploy.flat) return run("deploying the image", deploy.command, deploy.timeout, 1);
  const fs::path file = fs::temp_directory_path() / fmt::format("bootrig-{}-{}", ::getpid(), words_.at("sha256"));
  BOOTRIG_TRY_VOID(in_words(write_file(file, image)));
  words_["image"] = file.string();
  auto done = run("deploying the image", deploy.command, deploy.timeout, 1);
  std::error_code ignored;
  fs::remove(file, ignored);
  return done;
}

CommandLine BoardCommands::starting() const {
  return fill_in(board_.power.on.empty() ? board_.power.reset : board_.power.on, words_);
}

}  // namespace bootrig
