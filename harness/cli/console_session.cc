#include "cli/console_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <variant>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// How often input is looked at that the machine does not look at itself, and how often a full guest is tried again.
constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr std::size_t kSaidMax = std::size_t{1} << 20;
constexpr std::size_t kErrorLines = 3;

bool readable(int descriptor) {
  pollfd watched{descriptor, POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0 && watched.revents != 0;
}

const char* text_of(GuestStopped::Why why) {
  switch (why) {
    case GuestStopped::Why::kPowerOff:
      return "the guest powered off";
    case GuestStopped::Why::kReset:
      return "the guest reset itself";
    case GuestStopped::Why::kPanic:
      return "the guest panicked";
  }
  return "the guest ended";
}

}  // namespace

ConsoleSession::ConsoleSession(Machine& machine, TranscriptFile& transcript, ConsoleEnds ends, ConsoleOptions options,
                               const Clock& clock, const Interrupt& interrupt)
    : machine_(machine),
      transcript_(transcript),
      ends_(ends),
      options_(std::move(options)),
      clock_(clock),
      interrupt_(interrupt),
      power_on_(clock.now()) {}

Result<int> ConsoleSession::run() {
  wakes_ = machine_.wake_on(ends_.input);
  while (!end_) {
    stopped_ ? wait_for_keys() : take_event(machine_.next_event(next_deadline()));
    if (!end_) read_input();
    if (!end_) check_limits();
  }
  machine_.wake_on(-1);
  return *end_;
}

void ConsoleSession::take_event(const MachineEvent& event) {
  if (const auto* output = std::get_if<ConsoleOutput>(&event)) take_output(output->bytes);
  if (const auto* stopped = std::get_if<GuestStopped>(&event)) take_stop(stopped->why);
  if (const auto* exited = std::get_if<MachineExited>(&event)) take_exit(*exited);
  if (std::holds_alternative<Interrupted>(event)) end_ = fail("interrupted; the machine is stopped");
}

// Kept before it is shown: a terminal that is gone takes nothing with it.
void ConsoleSession::take_output(std::string_view bytes) {
  transcript_.add(bytes, clock_.now() - power_on_);
  said_ += bytes;
  if (said_.size() > 2 * kSaidMax) said_.erase(0, said_.size() - kSaidMax);
  on_newline_ = bytes.ends_with('\n');
  if (input_over_) silence_ = limit(options_.silence);
  write(bytes);
}

void ConsoleSession::take_stop(GuestStopped::Why why) {
  stopped_ = why;
  if (!ends_.person) {
    say(text_of(why));
    end_ = why == GuestStopped::Why::kPanic ? kExitUnexpected : kExitExpected;
  } else {
    say(fmt::format("{}; Ctrl-] r boots it anew, Ctrl-] d explains, Ctrl-] q ends", text_of(why)));
  }
}

void ConsoleSession::take_exit(const MachineExited& exited) {
  say(fmt::format("the machine ended by itself: {}", exited.status.to_text()));
  const auto lines = split_lines(machine_.facts().errors);
  for (std::size_t i = lines.size() - std::min(lines.size(), kErrorLines); i < lines.size(); ++i) say(lines[i]);
  end_ = kExitUnexpected;
}

// A machine that has ended gives the same event again and again.
void ConsoleSession::wait_for_keys() {
  std::array<pollfd, 2> watched{{{ends_.input, POLLIN, 0}, {interrupt_.descriptor(), POLLIN, 0}}};
  if (::poll(watched.data(), watched.size(), -1) > 0 && watched[1].revents != 0) {
    end_ = fail("interrupted; the machine is stopped");
  }
}

void ConsoleSession::read_input() {
  if (!unsent_.empty()) send_piped();
  if (input_over_ || !unsent_.empty() || !readable(ends_.input)) return;
  std::array<char, 4096> bytes;
  const ssize_t count = ::read(ends_.input, bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) return end_input();
  take_typed({bytes.data(), static_cast<std::size_t>(count)});
}

void ConsoleSession::take_typed(std::string_view bytes) {
  if (!ends_.person) {
    unsent_ = bytes;
    return send_piped();
  }
  for (const ConsoleInput& input : keys_.feed(bytes)) {
    if (end_) return;
    if (input.bytes.empty()) {
      obey(input.command);
    } else if (const auto sent = machine_.send(input.bytes); !sent && !stopped_) {
      say(to_text(sent.error()));
    }
  }
}

// A guest that reads slowly has the pipe wait, but not for ever; that it has ended comes as an event.
void ConsoleSession::send_piped() {
  if (machine_.send(unsent_)) {
    unsent_.clear();
    time_ = TimeLimit();
  } else if (time_.deadline().is_never()) {
    time_ = limit(options_.timeout);
  }
  machine_.wake_on(unsent_.empty() ? ends_.input : -1);
}

TimeLimit ConsoleSession::limit(Duration duration) const {
  return TimeLimit(duration, clock_.now(), starved_);
}

void ConsoleSession::end_input() {
  if (ends_.person) {
    end_ = fail("the terminal is gone; the machine is stopped");
    return;
  }
  input_over_ = true;
  machine_.wake_on(-1);
  starved_ = machine_.starved();
  time_ = limit(options_.timeout);
  if (transcript_.bytes() > 0) silence_ = limit(options_.silence);
}

Deadline ConsoleSession::next_deadline() const {
  const Deadline limit = earlier(silence_.deadline(), time_.deadline());
  const bool looks = input_over_ || (wakes_ && unsent_.empty());
  return looks ? limit : earlier(limit, Deadline::after(clock_.now(), kTick));
}

void ConsoleSession::check_limits() {
  const TimePoint now = clock_.now();
  if (!earlier(silence_.deadline(), time_.deadline()).passed(now)) return;
  starved_ = machine_.starved();
  if (silence_.expired(now, starved_)) {
    say(fmt::format("the input has ended, and the guest is silent for {}", format_duration(silence_.limit())));
    end_ = kExitExpected;
  } else if (time_.expired(now, starved_)) {
    say(fmt::format("{} for {}",
                    input_over_ ? "the input has ended, and the guest goes on" : "the guest takes no input",
                    format_duration(time_.limit())));
    end_ = kExitUnexpected;
  }
}

void ConsoleSession::obey(ConsoleCommand command) {
  switch (command) {
    case ConsoleCommand::kMenu:
      return say(console_menu());
    case ConsoleCommand::kBreak:
      return obey_control(MachineControl::kBreak, "BREAK is sent");
    case ConsoleCommand::kReset:
      return obey_control(MachineControl::kReset, "the machine is reset");
    case ConsoleCommand::kPause:
      return paused_ ? obey_control(MachineControl::kContinue, "the guest goes on")
                     : obey_control(MachineControl::kPause, "the guest is paused; Ctrl-] p lets it go on");
    case ConsoleCommand::kDiagnose:
      return diagnose(stopped_ ? StoppedFor::kGuest : StoppedFor::kUnknown);
    case ConsoleCommand::kDiagnoseHang:
      return diagnose(stopped_ ? StoppedFor::kGuest : StoppedFor::kTime);
    case ConsoleCommand::kSave:
      return save();
    case ConsoleCommand::kQuit:
      end_ = kExitExpected;
      return;
    case ConsoleCommand::kHelp:
      for (const std::string& line : console_help()) say(line);
      return;
    case ConsoleCommand::kUnknown:
      return say("there is no such key; " + console_menu());
  }
}

void ConsoleSession::obey_control(MachineControl what, std::string_view done) {
  if (const auto result = machine_.control(what); !result) return say(to_text(result.error()));
  if (what == MachineControl::kReset) {
    stopped_.reset();
    said_.clear();
  }
  if (what != MachineControl::kBreak) paused_ = what == MachineControl::kPause;
  say(done);
}

void ConsoleSession::diagnose(StoppedFor stopped_for) {
  for (const std::string& line : options_.diagnose(said_, stopped_for)) say(line);
  if (stopped_ || paused_) return;
  // A guest that ended meanwhile says so by its event.
  if (const auto went_on = machine_.control(MachineControl::kContinue); !went_on) say(to_text(went_on.error()));
}

void ConsoleSession::save() {
  for (int number = 1;; ++number) {
    const fs::path copy = options_.folder / fmt::format("saved-{}.raw", number);
    std::error_code error;
    if (fs::exists(copy, error)) continue;
    fs::copy_file(options_.folder / "transcript.raw", copy, error);
    return say(error ? fmt::format("{}: cannot save: {}", copy.string(), error.message())
                     : fmt::format("saved {} bytes as {}", transcript_.bytes(), display_path(copy)));
  }
}

void ConsoleSession::say(std::string_view text) {
  const bool terminal = ::isatty(ends_.notes) == 1;
  std::string line = terminal && !on_newline_ ? "\n" : "";
  // A guest that left colours or drawing characters on, or the cursor amid a line, has no say in ours.
  if (terminal && ends_.person) line += "\r\x1b[0m\x1b(B\x0f\x1b[K";
  line += "bootrig: " + printable(text) + "\n";
  on_newline_ = true;
  [[maybe_unused]] const ssize_t written = ::write(ends_.notes, line.data(), line.size());
}

void ConsoleSession::write(std::string_view bytes) {
  while (!bytes.empty() && !interrupt_.raised()) {
    const ssize_t count = ::write(ends_.output, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd watched{ends_.output, POLLOUT, 0};
      ::poll(&watched, 1, 100);
    } else if (errno != EINTR) {
      end_ = fail(fmt::format("cannot write what the guest says: {}; the machine is stopped", std::strerror(errno)));
      return;
    }
  }
}

}  // namespace bootrig
