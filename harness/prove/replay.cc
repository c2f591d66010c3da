#include "prove/replay.h"

#include <algorithm>

#include "base/check.h"
#include "match/alignment.h"
#include "match/matcher.h"
#include "run/session.h"

namespace bootrig {
namespace {

// Stands still but when the machine waits.
class ReplayClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  void move_to(TimePoint time) { now_ = std::max(now_, time); }

 private:
  TimePoint now_{};
};

class ReplayMachine final : public Machine {
 public:
  ReplayMachine(const Recording& recording, ReplayClock& clock) : recording_(recording), clock_(clock) {}

  MachineEvent next_event(Deadline deadline) override {
    const std::size_t until = allowed();
    if (said_ < until) {
      const std::size_t from = std::exchange(said_, until);
      return ConsoleOutput{recording_.console.substr(from, until - from)};
    }
    if (said_ == recording_.console.size() && recording_.end) return GuestStopped{*recording_.end};
    CHECK(!deadline.is_never());
    clock_.move_to(deadline.at);
    return DeadlinePassed{};
  }

  Result<void> send(std::string_view bytes) override {
    sent_ += bytes.size();
    return {};
  }

  Duration starved() override { return Duration::zero(); }
  Result<std::unique_ptr<Inspection>> inspect() override { return fail("a replay has no machine to look at"); }
  Result<void> serve_gdb(const std::filesystem::path&) override { return fail("a replay has no machine to debug"); }
  void stop() override {}
  const MachineFacts& facts() const override { return facts_; }

 private:
  // How far the guest may speak with what was sent so far.
  std::size_t allowed() const {
    for (const Gate& gate : recording_.gates) {
      if (gate.sent > sent_) return gate.offset;
    }
    return recording_.console.size();
  }

  const Recording& recording_;
  ReplayClock& clock_;
  std::size_t said_ = 0;
  std::size_t sent_ = 0;
  MachineFacts facts_;
};

// Where sends fall due. They do at a byte, so bytes are fed one by one.
std::vector<Gate> find_gates(const Scenario& scenario, std::string_view console) {
  Matcher whole(scenario.expectations);
  whole.feed(console);
  if (whole.take_send().empty()) return {};
  std::vector<Gate> gates;
  Matcher matcher(scenario.expectations);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < console.size(); ++i) {
    matcher.feed(console.substr(i, 1));
    const std::size_t due = matcher.take_send().size();
    if (due == 0) continue;
    sent += due;
    gates.push_back({i + 1, sent});
  }
  return gates;
}

std::optional<GuestStopped::Why> end_of(Termination termination) {
  switch (termination) {
    case Termination::kPoweredOff:
      return GuestStopped::Why::kPowerOff;
    case Termination::kReset:
      return GuestStopped::Why::kReset;
    case Termination::kPanicked:
      return GuestStopped::Why::kPanic;
    default:
      return std::nullopt;
  }
}

}  // namespace

Recording make_recording(const Scenario& scenario, std::string_view console, Termination termination) {
  Recording recording;
  recording.console = without_escapes(console);
  recording.gates = find_gates(scenario, recording.console);
  recording.end = end_of(termination);
  return recording;
}

void replace(Recording& recording, std::size_t begin, std::size_t end, std::string_view text) {
  recording.console.replace(begin, end - begin, text);
  for (Gate& gate : recording.gates) {
    if (gate.offset >= end) {
      gate.offset += text.size() - (end - begin);
    } else if (gate.offset > begin) {
      gate.offset = begin;
    }
  }
}

void truncate(Recording& recording, std::size_t offset) {
  recording.console.resize(offset);
  std::erase_if(recording.gates, [&](const Gate& gate) { return gate.offset > offset; });
  recording.end.reset();
}

Verdict replay(const Scenario& scenario, const Recording& recording) {
  ReplayClock clock;
  ReplayMachine machine(recording, clock);
  TranscriptFile transcript;
  return judge(run_session(machine, scenario, {}, clock, transcript), scenario.ending);
}

}  // namespace bootrig
