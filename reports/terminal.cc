#include "reports/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/console_text.h"
#include "base/text.h"
#include "reports/summary.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRedraw = 100ms;              // on a terminal
constexpr Duration kLogEvery = 15s;              // in a log
constexpr Duration kLogAtLeast = 2s;             // between two tenths of the run
constexpr Duration kEstimateAfter = 2s;          // a guess from less would be none
constexpr std::string_view kClear = "\r\x1b[K";  // to column 1, erase to the end (ECMA-48 EL)

// A board that could not be put away may be on, whatever its testcase did: a line for each thing that went wrong.
std::string board_trouble(const RunResult& result) {
  std::string text;
  for (const Attempt& attempt : result.attempts) {
    if (attempt.outcome.accelerator_asked != "none") continue;
    for (const std::string_view line : split_lines(attempt.outcome.machine.errors)) {
      text += fmt::format("{}: {}\n", console_text(result.id), console_text(line));
    }
  }
  return text;
}

}  // namespace

struct TerminalReporter::State {
  State(TerminalOptions given, const Clock& the_clock) : options(given), clock(the_clock) {}

  void print(std::string_view text);
  void clear();
  void redraw(bool forced);
  void log_progress();
  std::string progress() const;
  std::string running_text() const;

  TerminalOptions options;
  const Clock& clock;
  Summary summary;
  TimePoint begun{}, drawn{};
  std::size_t planned = 0, done = 0, gating = 0, logged = 0;
  std::vector<std::pair<std::string, TimePoint>> running;  // in the order of starting
  bool line_stands = false;
  int write_error = 0;  // errno of the first write that failed
};

void TerminalReporter::State::print(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), options.output) == text.size();
  if ((!written || std::fflush(options.output) != 0) && write_error == 0) write_error = errno == 0 ? EIO : errno;
}

void TerminalReporter::State::clear() {
  if (std::exchange(line_stands, false)) print(kClear);
}

// "boot/hello@virt[gic=3] (12 s) and 3 more": the one that runs longest.
std::string TerminalReporter::State::running_text() const {
  if (running.empty()) return "";
  const auto& [id, since] = running.front();
  const auto seconds = (clock.now() - since) / 1s;
  const std::string more = running.size() > 1 ? fmt::format(" and {} more", running.size() - 1) : "";
  return fmt::format(", running {} ({} s){}", console_text(id), seconds, more);
}

std::string TerminalReporter::State::progress() const {
  std::string text = fmt::format("{} of {} done", done, planned);
  if (gating > 0) text += fmt::format(", {} failed", gating);
  const Duration elapsed = clock.now() - begun;
  std::string left;
  if (done > 0 && done < planned && elapsed >= kEstimateAfter) {
    const double rest = to_seconds(elapsed) / static_cast<double>(done) * static_cast<double>(planned - done);
    const auto seconds = std::max<std::int64_t>(1, static_cast<std::int64_t>(rest));
    left = fmt::format(", about {} left", format_duration(std::chrono::seconds(seconds)));
  }
  return text + left + running_text();
}

void TerminalReporter::State::redraw(bool forced) {
  if (!options.is_terminal) return;
  const TimePoint now = clock.now();
  if (!forced && now - drawn < kRedraw) return;
  drawn = now;
  // One column is left free: a terminal that is written full may begin a new line by itself.
  print(fmt::format("{}{}", kClear, cut_to(progress(), options.style.beside(1))));
  line_stands = true;
}

void TerminalReporter::State::log_progress() {
  if (options.is_terminal || done >= planned) return;
  const Duration since = clock.now() - drawn;
  const bool tenth = (done - logged) * 10 >= planned && since >= kLogAtLeast;
  if (!tenth && since < kLogEvery) return;
  drawn = clock.now();
  logged = done;
  print(cut_to(progress(), options.style.width) + "\n");
}

TerminalReporter::TerminalReporter(TerminalOptions options, const Clock& clock)
    : state_(std::make_unique<State>(options, clock)) {}
TerminalReporter::~TerminalReporter() = default;

void TerminalReporter::begin(const RunInfo& run) {
  State& state = *state_;
  state.begun = state.clock.now();
  state.drawn = state.options.is_terminal ? state.begun - kRedraw : state.begun;
  state.planned = run.planned;
  std::string text = fmt::format("{}: {} testcase{}", run.name, run.planned, run.planned == 1 ? "" : "s");
  for (const std::string* word : {&run.emulator, &run.host, &run.revision}) {
    if (!word->empty()) text += "; " + *word;
  }
  state.print(cut_to(console_text(text), state.options.style.width) + "\n");
}

void TerminalReporter::started(const std::string& id) {
  state_->running.emplace_back(id, state_->clock.now());
  state_->redraw(false);
}

void TerminalReporter::finished(const RunResult& result) {
  State& state = *state_;
  const auto was = std::ranges::find(state.running, result.id, &std::pair<std::string, TimePoint>::first);
  if (was != state.running.end()) state.running.erase(was);
  ++state.done;
  if (gates(result.standing)) ++state.gating;
  state.summary.add(result);
  // What went as it should is not told, nor is a skip: the end groups those by their reason.
  const bool quiet = result.standing == Standing::kPassed || result.standing == Standing::kExpectedFailure ||
                     result.standing == Standing::kSkipped;
  const std::string trouble = board_trouble(result);
  if (!quiet || !trouble.empty() || state.options.style.verbose) {
    state.clear();
    state.print(result_line(result, state.options.style) + trouble);
    state.redraw(true);  // the line comes back with the text that took its place
  }
  state.redraw(false);
  state.log_progress();
}

Result<void> TerminalReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  State& state = *state_;
  state.clear();
  const Comparison* past = state.options.past ? state.options.past() : nullptr;
  const std::string last = totals_line(totals, run.planned, missing, state.clock.now() - state.begun);
  std::string text = "\n" + state.summary.text(state.options.style, past);
  for (const std::string& line : wrap_to(last, state.options.style.width, 4)) text += line + "\n";
  state.print(text);
  if (state.write_error != 0) {
    return fail("the terminal's output", fmt::format("cannot write: {}", std::strerror(state.write_error)));
  }
  return {};
}

void TerminalReporter::tick() {
  state_->redraw(false);
  state_->log_progress();
}

}  // namespace bootrig
