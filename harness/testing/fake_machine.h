// A machine that plays a script on a ManualClock, and a factory that hands such machines out. Both
// record what was asked of them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "testing/fake_inspection.h"
#include "testing/manual_clock.h"

namespace bootrig {

// An event, `after` the one before it (the first: after power-on).
struct FakeStep {
  Duration after{0};
  MachineEvent event;
};

// Outlives the machine, so that a test can look once a session has put its machine away.
struct FakeMachineRecord {
  std::string sent;  // all that was sent, one after the other
  std::vector<TimePoint> sent_at;
  bool inspected = false;
  std::vector<std::uint64_t> breakpoints;  // that were asked for
  std::filesystem::path gdb_socket;        // that a debugger was offered; empty: none
  bool stopped = false;
};

class FakeMachine final : public Machine {
 public:
  FakeMachine(ManualClock& clock, std::vector<FakeStep> steps,
              std::shared_ptr<FakeMachineRecord> record = std::make_shared<FakeMachineRecord>());

  // Moves the clock to the next step or to the deadline, whichever comes first. GuestStopped and
  // MachineExited are given again when asked again. Once the script is over the guest is silent;
  // then a deadline must be given.
  MachineEvent next_event(Deadline deadline) override;
  // Until an ImageStarted that the script has.
  bool in_firmware() const override;
  Result<void> send(std::string_view bytes) override;
  Duration starved() override { return starved_; }
  // A copy of what set_inspection() gave; without it, an error.
  Result<std::unique_ptr<Inspection>> inspect() override;
  // It may be inspected at each stop.
  Result<std::unique_ptr<Breakpoints>> break_at(const std::vector<std::uint64_t>& addresses) override;
  const ExceptionLog* exception_log() const override { return log_ ? &*log_ : nullptr; }
  Result<void> serve_gdb(const std::filesystem::path& socket) override {
    record_->gdb_socket = socket;
    return {};
  }
  void stop() override { record_->stopped = true; }
  const MachineFacts& facts() const override { return facts_; }

  void set_starved(Duration starved) { starved_ = starved; }
  void set_facts(MachineFacts facts) { facts_ = std::move(facts); }
  void set_inspection(FakeInspectionData inspection) { inspection_ = std::move(inspection); }
  // Where breakpoints stop it, one after the other; behind the last, deadlines pass. Without it there are none.
  void set_stops(std::vector<BreakStop> stops) { stops_ = std::move(stops); }
  void set_exception_log(ExceptionLog log) { log_ = std::move(log); }
  void refuse_to_send(std::string why) { send_trouble_ = std::move(why); }
  const FakeMachineRecord& record() const { return *record_; }

 private:
  ManualClock& clock_;
  std::vector<FakeStep> steps_;
  std::shared_ptr<FakeMachineRecord> record_;
  std::size_t next_ = 0;
  TimePoint last_at_;  // of the last step given
  std::optional<MachineEvent> ended_;
  Duration starved_{0};
  std::string send_trouble_;
  std::optional<FakeInspectionData> inspection_;
  std::optional<std::vector<BreakStop>> stops_;
  std::optional<ExceptionLog> log_;
  MachineFacts facts_;
};

class FakeMachineFactory final : public MachineFactory {
 public:
  using Start = std::function<std::expected<std::unique_ptr<Machine>, StartFailure>(const MachineRequest&)>;
  explicit FakeMachineFactory(Start start) : start_(std::move(start)) {}
  // Every machine plays the same script, all on one clock.
  FakeMachineFactory(ManualClock& clock, std::vector<FakeStep> steps);

  std::optional<std::string> unavailable(const MachineSpec& machine) override;
  std::vector<std::string> command(const MachineRequest& request) override;
  std::expected<std::unique_ptr<Machine>, StartFailure> start(const MachineRequest& request) override;

  // Makes every machine unavailable that the predicate gives a reason for.
  void set_unavailable(std::function<std::optional<std::string>(const MachineSpec&)> unavailable) {
    unavailable_ = std::move(unavailable);
  }
  std::vector<MachineRequest> started() const;  // in order
  // Of the scripted machines, in the order of their start.
  std::vector<std::shared_ptr<FakeMachineRecord>> records() const;

 private:
  Start start_;
  std::function<std::optional<std::string>(const MachineSpec&)> unavailable_;
  mutable std::mutex mutex_;  // sessions start machines from several threads
  std::vector<MachineRequest> started_;
  std::vector<std::shared_ptr<FakeMachineRecord>> records_;
};

}  // namespace bootrig
