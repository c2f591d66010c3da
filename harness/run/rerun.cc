#include "run/rerun.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "aarch64/syndrome.h"
#include "base/file.h"
#include "base/text.h"
#include "run/verdict.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// How often the log's size and the time are looked at while no CPU comes to a vector.
constexpr Duration kSlice = 250ms;
// So long without a stop at a vector is the end, or twice what the first boot took: it had no more to come.
constexpr Duration kQuietLeast = 5s;
constexpr std::uint64_t kStopsMax = 200'000;
constexpr std::uint64_t kLogMax = std::uint64_t{64} << 20;
// Of exceptions that resemble what was told, so many are looked at; the last counts.
constexpr unsigned kLooksMax = 4;

TakenException taken_at(const BreakStop& stop) {
  const unsigned level = (stop.pstate >> 2) & 3;  // DDI 0487, PSTATE.EL, as SPSR_ELx.M[3:2]
  const auto value = [&](const char* name) {
    const auto found = stop.system.find(fmt::format("{}_EL{}", name, level));
    return found == stop.system.end() ? 0 : found->second;
  };
  return {stop.cpu, level, stop.pc, value("ESR"), value("FAR"), value("ELR"), value("SPSR")};
}

TakenException taken_of(const LoggedException& logged) {
  return {.cpu = logged.cpu,
          .level = logged.to.value_or(1),
          .vector = logged.vector.value_or(0),
          .esr = logged.esr.value_or(0),
          .far = logged.far.value_or(0),
          .elr = logged.elr.value_or(0),
          .spsr = std::uint64_t{logged.from.value_or(0)} << 2};
}

bool is_own_abort(const LoggedException& logged) {
  return logged.from == logged.to && logged.esr && aarch64::decode_esr(*logged.esr).abort;
}

// One diagnosis is of the same descriptors as the other, or of none.
bool same_walk(const Diagnosis& a, const Diagnosis& b) {
  return std::ranges::equal(a.walk, b.walk, [](const WalkLine& x, const WalkLine& y) {
    return x.address == y.address && x.descriptor == y.descriptor;
  });
}

class Rerun {
 public:
  Rerun(const RerunRequest& request, Diagnosis& diagnosis)
      : request_(request), first_(diagnosis), begin_(request.clock.now()) {}

  void run() {
    if (request_.machine.machine.kind != MachineKind::kQemu) {
      return tell("impossible", "the boot was not repeated: a board cannot be stopped where it takes an exception");
    }
    look_for(request_.sought);
    if (!found_ && why_not_.empty()) {
      if (const auto logged = lead()) look_for(sought_of(*logged));
    }
    if (best_) return take_over();
    if (!why_not_.empty()) return tell("impossible", "the boot could not be repeated: " + why_not_);
    tell("not-seen", not_seen_text());
    add_log();
  }

 private:
  bool has_log() const {
    return machine_value(request_.machine.machine, "accelerator") == "tcg" && request_.machine.host == 0;
  }

  // One boot. Without anything to look for, the log alone is written.
  void look_for(const std::optional<SoughtException>& sought) {
    if (!sought && !has_log()) {
      why_not_ = "nothing tells of an exception, and this machine writes no log of them";
      return;
    }
    MachineRequest again = request_.machine;
    again.paused = true;
    again.log_exceptions = has_log();
    auto machine = request_.machines.start(again);
    if (!machine) {
      why_not_ = machine.error().message;
      return;
    }
    if (!request_.folder.empty() && make_folders(request_.folder)) {
      (void)write_file(request_.folder / "command.txt", shell_quote((*machine)->facts().argv) + "\n");
    }
    follow(**machine, sought);
    if (const ExceptionLog* log = (*machine)->exception_log()) keep(*log);
    (*machine)->stop();
  }

  void follow(Machine& machine, const std::optional<SoughtException>& sought) {
    auto breakpoints = machine.break_at(sought ? sought->vectors : std::vector<std::uint64_t>());
    if (!breakpoints) {
      why_not_ = to_text(breakpoints.error());
      return;
    }
    const Duration quiet_limit = std::max(kQuietLeast, 2 * request_.first);
    Duration quiet{0};  // since the last stop, less what the host kept the machine waiting
    Duration starved = machine.starved();
    while (!found_ && stops_ < kStopsMax) {
      const TimePoint now = request_.clock.now();
      const bool flooded = machine.exception_log() != nullptr && machine.exception_log()->bytes() > kLogMax;
      if (flooded || now - begin_ >= request_.limit || quiet >= quiet_limit) return;
      const Deadline end = Deadline::after(begin_, request_.limit);
      const auto stop = (*breakpoints)->next(earlier(end, Deadline::after(now, kSlice)));
      if (!stop) {
        why_not_ = to_text(stop.error());
        return;
      }
      if (stop->why == BreakStop::Why::kGuestStopped) return;
      if (stop->why == BreakStop::Why::kDeadlinePassed) {
        const Duration before = std::exchange(starved, machine.starved());
        quiet += request_.clock.now() - now - (starved - before);
        continue;
      }
      ++stops_;
      quiet = Duration{0};
      look_at(machine, *sought, taken_at(*stop));
    }
  }

  void look_at(Machine& machine, const SoughtException& sought, const TakenException& taken) {
    const Resemblance resemblance = compare(sought, taken);
    if (resemblance == Resemblance::kOther) return;
    if (resemblance == Resemblance::kPartial && looks_++ >= kLooksMax) return;
    auto diagnosis = triage_machine(machine, request_.machine.machine, request_.image, request_.transcript,
                                    {request_.stopped_for}, &taken);
    if (!diagnosis || !diagnosis->exception) return;
    best_ = std::move(diagnosis);
    taken_ = taken;
    found_ = resemblance == Resemblance::kSame;
  }

  void keep(const ExceptionLog& log) {
    logged_ = log.exceptions();
    logged_of_ = log.taken();
    logging_ = true;
    if (request_.folder.empty() || !make_folders(request_.folder)) return;
    (void)write_file(request_.folder / "exceptions.log", log.text());
  }

  // What the log says that the first look has missed: it was taken at other vectors, or is the only fault of a program's
  // own level, which went on as if nothing were wrong.
  std::optional<LoggedException> lead() const {
    const auto at_vector = [](const LoggedException& logged) { return logged.esr && logged.elr && logged.vector; };
    if (request_.sought && request_.sought->told) {
      const auto logged = resembling(Resemblance::kSame);
      return logged && at_vector(*logged) ? logged : std::nullopt;
    }
    if (request_.sought || logged_.empty() || !is_own_abort(logged_.front()) || !at_vector(logged_.front())) {
      return std::nullopt;
    }
    const bool alone =
        std::ranges::all_of(logged_, [&](const LoggedException& l) { return l.elr == logged_.front().elr; });
    return alone ? std::optional(logged_.front()) : std::nullopt;
  }

  // The first exception in the log that is like the one told, wherever it was taken to.
  std::optional<LoggedException> resembling(Resemblance resemblance) const {
    if (!request_.sought || !request_.sought->told) return std::nullopt;
    for (const LoggedException& logged : logged_) {
      TakenException taken = taken_of(logged);
      taken.level = request_.sought->taken_to;
      if (compare(*request_.sought, taken) == resemblance) return logged;
    }
    return std::nullopt;
  }

  static SoughtException sought_of(const LoggedException& logged) {
    return {.taken_to = logged.to.value_or(1),
            .vectors = {*logged.vector},
            .esr = logged.esr,
            .far = logged.far,
            .elr = logged.elr};
  }

  // The machine at the exception knows better, but for causes that are not of its tables.
  void take_over() {
    const auto first_cause = first_.cause;
    const bool same = same_walk(first_, *best_) || first_.walk.empty();
    std::string first_signature = std::move(first_.signature);
    const bool told = request_.sought && request_.sought->told;
    const bool earlier = !told && first_.exception && first_.exception->elr != best_->exception->elr;
    first_ = *std::move(best_);
    RerunLine line{.outcome = "at-exception", .stops = stops_};
    line.text = fmt::format("booted once more and stopped at the exception, the {} time that a CPU came to its vectors",
                            ordinal(stops_));
    if (!first_.cause && first_cause && same) {
      first_.cause = first_cause;
      first_.signature = std::move(first_signature);
    } else if (first_cause && (!first_.cause || first_.cause->what != first_cause->what)) {
      line.at_rest = first_cause;
      if (!first_.cause || first_.cause->name != first_cause->name) {
        first_.findings.push_back(
            fmt::format("at rest the machine had told of {}, which does not hold at the exception", first_cause->name));
      }
    }
    if (earlier) first_.findings.push_back("this is the first exception, which the machine at rest had lost");
    if (request_.sought) add_disagreements(*taken_);
    first_.rerun = std::move(line);
  }

  void add_disagreements(const TakenException& taken) {
    for (std::string& text : disagreements(*request_.sought, taken)) first_.findings.push_back(std::move(text));
  }

  static std::string ordinal(std::uint64_t number) {
    const std::uint64_t last = number % 100 / 10 == 1 ? 0 : number % 10;
    return fmt::format("{}{}", number, last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
  }

  std::string not_seen_text() const {
    const double seconds = to_seconds(request_.clock.now() - begin_);
    if (!request_.sought) return fmt::format("a second boot of {:.1f} s only logged what the CPUs took", seconds);
    return fmt::format(
        "the exception did not come again in a second boot, within {:.1f} s and {} stops at vectors: it is not "
        "deterministic, or the dump is wrong",
        seconds, stops_);
  }

  // What the log knows without a look at the machine.
  void add_log() {
    if (!logging_) return;
    auto logged = resembling(Resemblance::kSame);
    if (!logged) logged = resembling(Resemblance::kPartial);
    if (logged) {
      first_.findings.push_back("QEMU's own log of the second boot has " + to_text(*logged));
      return add_disagreements(taken_of(*logged));
    }
    if (logged_.empty()) {
      first_.findings.push_back(fmt::format(
          "QEMU's own log of the second boot has {} exceptions, all of them calls or interrupts", logged_of_));
      return;
    }
    first_.findings.push_back(fmt::format(
        "QEMU's own log of the second boot has {} exceptions; the first that is no call and no interrupt: {}",
        logged_of_, to_text(logged_.front())));
  }

  void tell(std::string outcome, std::string text) {
    std::erase(first_.missing, kRerunWouldTell);
    first_.missing.push_back(text);
    first_.rerun = RerunLine{std::move(outcome), std::move(text), stops_, {}};
  }

  const RerunRequest& request_;
  Diagnosis& first_;
  const TimePoint begin_;
  std::uint64_t stops_ = 0;
  unsigned looks_ = 0;
  bool found_ = false;
  std::optional<Diagnosis> best_;
  std::optional<TakenException> taken_;  // that it is of
  std::string why_not_;
  bool logging_ = false;
  std::vector<LoggedException> logged_;
  std::uint64_t logged_of_ = 0;
};

}  // namespace

void rerun_to_exception(const RerunRequest& request, Diagnosis& diagnosis) {
  Rerun(request, diagnosis).run();
}

}  // namespace bootrig
