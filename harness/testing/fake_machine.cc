#include "testing/fake_machine.h"

#include <algorithm>

#include "base/check.h"

namespace bootrig {
namespace {

bool is_last(const MachineEvent& event) {
  return std::holds_alternative<GuestStopped>(event) || std::holds_alternative<MachineExited>(event);
}

class FakeBreakpoints final : public Breakpoints {
 public:
  FakeBreakpoints(ManualClock& clock, std::vector<BreakStop> stops, std::shared_ptr<FakeMachineRecord> record)
      : clock_(clock), stops_(std::move(stops)), record_(std::move(record)) {}

  Result<BreakStop> next(Deadline deadline) override {
    CHECK(!record_->stopped);
    record_->inspected = false;
    if (next_ < stops_.size()) return stops_[next_++];
    clock_.advance_to(deadline.at);
    return BreakStop{.why = BreakStop::Why::kDeadlinePassed};
  }

 private:
  ManualClock& clock_;
  std::vector<BreakStop> stops_;
  std::shared_ptr<FakeMachineRecord> record_;
  std::size_t next_ = 0;
};

}  // namespace

FakeMachine::FakeMachine(ManualClock& clock, std::vector<FakeStep> steps, std::shared_ptr<FakeMachineRecord> record)
    : clock_(clock), steps_(std::move(steps)), record_(std::move(record)), last_at_(clock.now()) {
  facts_ = {.argv = {"fake-machine"}, .accelerator = "tcg", .emulator_version = "7.2.22", .pid = 1};
}

MachineEvent FakeMachine::next_event(Deadline deadline) {
  CHECK(!record_->stopped && !record_->inspected);
  if (ended_) return *ended_;
  const bool over = next_ == steps_.size();
  const TimePoint due = over ? TimePoint::max() : Deadline::after(last_at_, steps_[next_].after).at;
  if (due > deadline.at || over) {
    CHECK(!deadline.is_never());  // a real machine would keep the session waiting for ever
    clock_.advance_to(deadline.at);
    return DeadlinePassed{};
  }
  clock_.advance_to(due);
  last_at_ = due;
  MachineEvent event = steps_[next_++].event;
  if (is_last(event)) ended_ = event;
  return event;
}

bool FakeMachine::in_firmware() const {
  return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(next_), steps_.end(),
                     [](const FakeStep& step) { return std::holds_alternative<ImageStarted>(step.event); });
}

Result<void> FakeMachine::send(std::string_view bytes) {
  if (!send_trouble_.empty()) return fail(send_trouble_);
  if (ended_) return fail("cannot send to the console: the machine has ended");
  record_->sent += bytes;
  record_->sent_at.push_back(clock_.now());
  return {};
}

Result<std::unique_ptr<Inspection>> FakeMachine::inspect() {
  CHECK(!record_->stopped && !record_->inspected);
  record_->inspected = true;
  if (!inspection_) return fail("the machine cannot be inspected: it is a fake");
  return std::make_unique<FakeInspection>(*inspection_);
}

Result<std::unique_ptr<Breakpoints>> FakeMachine::break_at(const std::vector<std::uint64_t>& addresses) {
  record_->breakpoints = addresses;
  if (!stops_) return Machine::break_at(addresses);
  return std::make_unique<FakeBreakpoints>(clock_, *stops_, record_);
}

FakeMachineFactory::FakeMachineFactory(ManualClock& clock, std::vector<FakeStep> steps)
    : start_([this, &clock, steps = std::move(steps)](const MachineRequest&) -> std::unique_ptr<Machine> {
        auto record = std::make_shared<FakeMachineRecord>();
        const std::lock_guard lock(mutex_);
        records_.push_back(record);
        return std::make_unique<FakeMachine>(clock, steps, std::move(record));
      }) {}

std::optional<std::string> FakeMachineFactory::unavailable(const MachineSpec& machine) {
  return unavailable_ ? unavailable_(machine) : std::nullopt;
}

std::vector<std::string> FakeMachineFactory::command(const MachineRequest& request) {
  return {"fake-machine", request.image.file.string()};
}

std::expected<std::unique_ptr<Machine>, StartFailure> FakeMachineFactory::start(const MachineRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    started_.push_back(request);
  }
  if (auto reason = unavailable(request.machine)) {
    return std::unexpected(StartFailure{StartFailure::Kind::kUnavailable, std::move(*reason)});
  }
  return start_(request);
}

std::vector<MachineRequest> FakeMachineFactory::started() const {
  const std::lock_guard lock(mutex_);
  return started_;
}

std::vector<std::shared_ptr<FakeMachineRecord>> FakeMachineFactory::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

}  // namespace bootrig
