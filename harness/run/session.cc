#include "run/session.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "run/time_limit.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// After a failure signature or a refused line the rest of the dump is still read: until a silence, but not for ever.
constexpr Duration kDumpSilence = 100ms;
constexpr Duration kDumpLimit = 1s;
// Behind the limits that forgive a loaded host stands one that does not. It is for hosts that are stuck: short limits
// on a busy one must not meet it.
constexpr int kWallClockCapFactor = 5;
constexpr Duration kWallClockCapLeast = 60s;
// How often, at most, the machine's starvation is sampled while it talks. A shorter boot is not sampled at all: each
// sample reads files of /proc for every thread, and their clean-up costs the host a hundredth of such a boot.
constexpr Duration kStarvedSampling = 100ms;

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

bool may_be_the_hosts_doing(Termination termination) {
  return termination == Termination::kExited || stopped_for(termination) == StoppedFor::kTime;
}

class Session {
 public:
  Session(Machine& machine, const Scenario& scenario, const SessionOptions& options, const Clock& clock,
          TranscriptFile& transcript)
      : machine_(machine),
        scenario_(scenario),
        options_(options),
        clock_(clock),
        transcript_(transcript),
        matcher_(scenario.expectations),
        power_on_(clock.now()),
        in_firmware_(machine.in_firmware()) {
    if (options.host) outcome_.host_before = options.host();
    if (scenario.subtests) subtests_.emplace(*scenario.subtests);
    if (!in_firmware_) begin_limits();
  }

  Outcome run() {
    while (!termination_) {
      std::visit(
          Overloaded{[&](const ConsoleOutput& output) { take_output(output.bytes); },
                     [&](const GuestStopped& stopped) { take_stop(stopped); },
                     [&](const MachineExited& exited) { take_exit(exited); },
                     [&](const DeadlinePassed&) { check_limits(); }, [&](const ImageStarted&) { begin_limits(); },
                     [&](const Interrupted&) { termination_ = Termination::kInterrupted; }},
          machine_.next_event(next_deadline()));
    }
    if (*termination_ == Termination::kSignature || *termination_ == Termination::kDiverged) read_rest_of_dump();
    return facts();
  }

 private:
  Duration scaled(Duration duration) const { return bootrig::scaled(duration, options_.timeout_multiplier); }
  TimeLimit limit(Duration duration) const { return TimeLimit(scaled(duration), clock_.now(), starved_); }

  // From power-on, or from when a boot stage before the image has started it: that one's time is not the scenario's.
  void begin_limits() {
    in_firmware_ = false;
    const Timeouts& timeouts = scenario_.timeouts;
    test_ = limit(timeouts.overall);
    if (timeouts.boot) boot_ = limit(*timeouts.boot);
    if (timeouts.inactivity) inactivity_ = limit(*timeouts.inactivity);
    wall_clock_cap_ =
        Deadline::after(clock_.now(), scaled(timeouts.overall) * kWallClockCapFactor + kWallClockCapLeast);
    await_step();
    send_what_is_due();
  }

  void take_output(std::string_view bytes) {
    const TimePoint now = clock_.now();
    if (outcome_.bytes == 0) outcome_.first_output = now - power_on_;
    keep(bytes, now);
    if (in_firmware_) {
      outcome_.firmware_bytes += bytes.size();
      return matcher_.pass_over(bytes);
    }
    hear(bytes);
    if (now - last_sample_ > kStarvedSampling) sample_starved(now);
    restart_limits_of_silence();
    send_what_is_due();
    check_console();
  }

  void keep(std::string_view bytes, TimePoint now) {
    outcome_.bytes += bytes.size();
    outcome_.last_output = now - power_on_;
    transcript_.add(bytes, now - power_on_);
    if (options_.live) options_.live(bytes);
  }

  void hear(std::string_view bytes) {
    matcher_.feed(bytes);
    if (subtests_) subtests_->feed(bytes);
  }

  void take_stop(const GuestStopped& stopped) {
    matcher_.finish();
    check_console();
    if (termination_) return;
    switch (stopped.why) {
      case GuestStopped::Why::kPowerOff:
        termination_ = Termination::kPoweredOff;
        break;
      case GuestStopped::Why::kReset:
        termination_ = Termination::kReset;
        break;
      case GuestStopped::Why::kPanic:
        termination_ = Termination::kPanicked;
        break;
    }
    over_ = true;
  }

  void take_exit(const MachineExited& exited) {
    matcher_.finish();
    outcome_.exit_status = exited.status.to_text();
    outcome_.host_lost = !exited.status.lost.empty();
    termination_ = Termination::kExited;
    over_ = true;
  }

  // What the console alone decides, by positions in its bytes, so that it does not matter how they were split.
  void check_console() {
    const auto completed = matcher_.completed_at();
    const auto& hit = matcher_.hit();
    const bool satisfied = completed && scenario_.ending == Ending::kRunning && matcher_.matched() > 0;
    const bool decided = satisfied && scenario_.settle == Duration::zero();  // what follows is not listened to
    if (hit && (!decided || hit->line.offset <= *completed)) {
      termination_ = Termination::kSignature;
    } else if (matcher_.diverged()) {
      termination_ = Termination::kDiverged;
    } else if (satisfied) {
      begin_to_settle();
    } else if (scenario_.output_limit && outcome_.bytes - outcome_.firmware_bytes > *scenario_.output_limit) {
      termination_ = Termination::kOutputLimit;
    }
  }

  void begin_to_settle() {
    if (scenario_.settle == Duration::zero()) {
      termination_ = Termination::kSatisfied;
    } else if (!settling_) {
      settling_ = true;
      settled_ = Deadline::after(clock_.now(), scenario_.settle);
    }
  }

  void restart_limits_of_silence() {
    if (scenario_.timeouts.inactivity) inactivity_ = limit(*scenario_.timeouts.inactivity);
    if (options_.silence_ends) silence_ = limit(*options_.silence_ends);
    if (matcher_.matched() != awaited_) await_step();
    if (matcher_.boot_stage_over()) boot_ = TimeLimit();
  }

  // Begins the time of the step that is awaited now.
  void await_step() {
    awaited_ = matcher_.matched();
    const auto within = matcher_.step_timeout();
    step_ = within ? limit(*within) : TimeLimit();
  }

  void send_what_is_due() {
    const std::string bytes = matcher_.take_send();
    // A machine that takes no input has ended or is about to: its own event says so.
    if (!bytes.empty()) (void)machine_.send(bytes);
  }

  Deadline next_deadline() const {
    Deadline next = earlier(wall_clock_cap_, settled_);
    for (const TimeLimit* limit : {&test_, &boot_, &step_, &inactivity_, &silence_}) {
      next = earlier(next, limit->deadline());
    }
    return next;
  }

  void sample_starved(TimePoint now) {
    starved_ = machine_.starved();
    last_sample_ = now;
  }

  void check_limits() {
    const TimePoint now = clock_.now();
    if (settled_.passed(now)) {
      termination_ = Termination::kSatisfied;
      return;
    }
    sample_starved(now);
    const auto check = [&](TimeLimit& limit, Termination termination) {
      if (termination_ || !limit.expired(now, starved_)) return;
      outcome_.limit = limit.limit();
      termination_ = termination;
    };
    check(silence_, Termination::kSatisfied);
    check(step_, Termination::kStepTimeout);
    check(boot_, Termination::kBootTimeout);
    check(inactivity_, Termination::kInactivity);
    check(test_, Termination::kTestTimeout);
    if (!termination_ && wall_clock_cap_.passed(now)) termination_ = Termination::kWallClockCap;
  }

  void read_rest_of_dump() {
    const Deadline end = Deadline::after(clock_.now(), scaled(kDumpLimit));
    while (!over_) {
      const MachineEvent event = machine_.next_event(earlier(end, Deadline::after(clock_.now(), scaled(kDumpSilence))));
      const auto* output = std::get_if<ConsoleOutput>(&event);
      if (output == nullptr || end.passed(clock_.now())) break;
      keep(output->bytes, clock_.now());
      hear(output->bytes);
    }
    // A refused line is often the first of a dump: then the dump is what happened.
    if (matcher_.hit() && !matcher_.completed_at()) termination_ = Termination::kSignature;
  }

  Outcome facts() {
    outcome_.termination = *termination_;
    if (options_.host && may_be_the_hosts_doing(*termination_)) outcome_.host_after = options_.host();
    outcome_.wall = clock_.now() - power_on_;
    outcome_.starved = starved_;
    outcome_.machine = machine_.facts();
    outcome_.matched = matcher_.matched();
    outcome_.expected = expectation_count(*scenario_.expectations);
    outcome_.completed_at = matcher_.completed_at();
    outcome_.hit = matcher_.hit();
    outcome_.divergence = matcher_.divergence();
    outcome_.boot_stage_over = matcher_.boot_stage_over();
    outcome_.captures = matcher_.captures();
    outcome_.lines = matcher_.lines();
    outcome_.last_lines = matcher_.last_lines(5);
    if (subtests_) outcome_.subtests = subtests_->facts();
    outcome_.bytes_dropped = transcript_.dropped();
    return std::move(outcome_);
  }

  Machine& machine_;
  const Scenario& scenario_;
  const SessionOptions& options_;
  const Clock& clock_;
  TranscriptFile& transcript_;
  Matcher matcher_;
  std::optional<SubtestReader> subtests_;
  const TimePoint power_on_;

  Outcome outcome_;
  std::optional<Termination> termination_;
  bool in_firmware_;
  bool over_ = false;  // the machine has no more events
  bool settling_ = false;
  Deadline settled_;
  Deadline wall_clock_cap_;
  TimeLimit test_, boot_, step_, inactivity_, silence_;
  std::size_t awaited_ = 0;
  Duration starved_{0};
  TimePoint last_sample_ = power_on_;
};

}  // namespace

Outcome run_session(Machine& machine, const Scenario& scenario, const SessionOptions& options, const Clock& clock,
                    TranscriptFile& transcript) {
  return Session(machine, scenario, options, clock, transcript).run();
}

}  // namespace bootrig
