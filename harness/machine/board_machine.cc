#include "machine/board_machine.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::size_t kOutboxMax = std::size_t{1} << 20;
// So long the line in which the firmware's last step was met has time to end, and the image to say something.
constexpr Duration kLastLine = std::chrono::seconds(1);

std::string about(const BoardSpec& board, std::string_view what) {
  return fmt::format("board '{}': {}", board.name, what);
}

}  // namespace

void BoardState::give_up(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!why_) why_ = why;
}

std::optional<std::string> BoardState::given_up() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

BoardMachine::BoardMachine(Parts parts, const Clock& clock, const Interrupt& interrupt)
    : parts_(std::move(parts)), clock_(clock), interrupt_(interrupt) {
  facts_.argv = parts_.commands.starting();
  if (!parts_.boot_phases.empty()) begin_firmware(1);
}

BoardMachine::~BoardMachine() {
  stop();
}

void BoardMachine::begin_firmware(unsigned power_ons) {
  silent_ = true;
  outbox_.clear();
  firmware_ = std::make_unique<Firmware>(parts_.boot_phases.front());
  firmware_->power_ons = power_ons;
  follow_firmware({});
}

MachineEvent BoardMachine::next_event(Deadline deadline) {
  const bool late_before = std::exchange(late_, deadline.passed(clock_.now()));
  for (bool looked = false;; looked = true) {
    if (!queue_.empty()) {
      MachineEvent event = std::move(queue_.front());
      queue_.pop_front();
      return event;
    }
    if (ended_) return *ended_;
    const TimePoint now = clock_.now();
    if ((looked || late_before) && deadline.passed(now)) return DeadlinePassed{};
    const Deadline until = firmware_ ? earlier(deadline, firmware_->step) : deadline;
    const Duration left = until.remaining(now);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const short line_events = outbox_.empty() ? POLLIN : POLLIN | POLLOUT;
    std::array<pollfd, 3> watched{
        {{interrupt_.descriptor(), POLLIN, 0}, {parts_.line.descriptor(), line_events, 0}, {input_, POLLIN, 0}}};
    const int count = ::ppoll(watched.data(), watched.size(), until.is_never() ? nullptr : &timeout, nullptr);
    CHECK(count >= 0 || errno == EINTR);
    if (count > 0 && watched[0].revents != 0) return Interrupted{};
    send_pending();
    if (std::string bytes = parts_.line.read(); !bytes.empty()) hear(std::move(bytes));
    if (!parts_.line.cut().empty()) end(parts_.line.cut());
    if (firmware_ && queue_.empty() && !ended_) check_firmware();
    if (count > 0 && watched[2].revents != 0 && queue_.empty() && !ended_) return DeadlinePassed{};
  }
}

void BoardMachine::hear(std::string bytes) {
  silent_ = false;
  if (firmware_) return follow_firmware(std::move(bytes));
  queue_.emplace_back(ConsoleOutput{std::move(bytes)});
}

// Where the image's console begins: with the first line that is not empty, behind the one in which the last step was met.
std::size_t BoardMachine::Firmware::find_image(std::string_view bytes, std::size_t from) {
  if (!last_line_over) {
    from = bytes.find('\n', from);
    if (from == std::string_view::npos) return from;
    last_line_over = true;
  }
  return bytes.find_first_not_of("\r\n", from);
}

void BoardMachine::follow_firmware(std::string bytes) {
  std::optional<std::size_t> image;
  std::size_t at = 0;
  for (bool more = true; more && !ended_;) {
    const std::string_view rest = std::string_view(bytes).substr(at);
    std::size_t taken = rest.size();
    more = firmware_->upload ? follow_upload(rest, taken) : follow_steps(rest, taken, image);
    if (image) *image += at;
    at += taken;
  }
  if (image) return start_image(bytes.substr(*image), bytes.substr(0, *image));
  if (!bytes.empty()) queue_.emplace_back(ConsoleOutput{std::move(bytes)});
}

bool BoardMachine::follow_steps(std::string_view bytes, std::size_t& taken, std::optional<std::size_t>& image) {
  Firmware& firmware = *firmware_;
  const std::uint64_t before = firmware.matcher.bytes();
  if (!firmware.met) firmware.matcher.feed(bytes);
  if (const std::string due = firmware.matcher.take_send(); !due.empty()) (void)send(due);
  const auto completed = firmware.matcher.completed_at();
  if (!completed) {
    const bool next = firmware.step.is_never() || firmware.matcher.matched() != firmware.awaited;
    if (next) begin_step(*firmware.matcher.step_timeout());
    return false;
  }
  const bool met_before = firmware.met;
  const std::size_t behind = met_before ? 0 : static_cast<std::size_t>(*completed - before);
  if (firmware.phase + 1 < parts_.boot_phases.size()) {
    taken = behind;
    firmware.upload.emplace(parts_.upload_name, parts_.upload);
    const auto& steps = parts_.board->boot_steps;
    begin_step(std::ranges::find(steps, true, &BootStep::upload)->within);
    return true;
  }
  firmware.met = true;
  const std::size_t found = parts_.board->boot_steps.back().expect ? firmware.find_image(bytes, behind) : behind;
  if (found != std::string_view::npos) image = found;
  if (!image && !met_before) begin_step(kLastLine);
  return false;
}

bool BoardMachine::follow_upload(std::string_view bytes, std::size_t& taken) {
  Firmware& firmware = *firmware_;
  taken = firmware.upload->feed(bytes);
  if (const std::string due = firmware.upload->take_send(); !due.empty()) (void)send(due);
  if (!firmware.upload->failure().empty()) {
    end(fmt::format("the upload failed: {}; {}", firmware.upload->failure(), firmware.upload->progress()));
    return false;
  }
  if (!firmware.upload->done()) return false;
  firmware.upload.reset();
  firmware.matcher = Matcher(parts_.boot_phases[++firmware.phase]);
  firmware.step = Deadline::never();
  return true;
}

void BoardMachine::begin_step(Duration within) {
  firmware_->awaited = firmware_->matcher.matched();
  firmware_->within = within;
  firmware_->step = Deadline::after(clock_.now(), within);
}

void BoardMachine::start_image(std::string of_image, std::string of_firmware) {
  firmware_.reset();
  if (!of_firmware.empty()) queue_.emplace_back(ConsoleOutput{std::move(of_firmware)});
  queue_.emplace_back(ImageStarted{});
  if (!of_image.empty()) queue_.emplace_back(ConsoleOutput{std::move(of_image)});
}

// A step that is not met: the board is powered on anew, a few times; then nobody is kept waiting for it again.
void BoardMachine::check_firmware() {
  if (!firmware_->step.passed(clock_.now())) return;
  if (firmware_->met) return start_image({}, {});
  const unsigned tries = firmware_->power_ons;
  if (tries <= parts_.board->power.retries) {
    const auto cycled = parts_.commands.power_cycle([&]() -> Result<void> {
      parts_.line.drain();
      return {};
    });
    return cycled ? begin_firmware(tries + 1) : end(cycled.error().message);
  }
  const auto last = firmware_->matcher.last_lines(1);
  const std::string errors = parts_.line.errors();
  const std::string said =
      silent_ ? "it said nothing" : fmt::format("its last line was '{}'", last.empty() ? "" : printable(last[0].text));
  end(fmt::format("it does not get to its image: {} within {}; {}; powered on {} time{}{}{}", what_was_missed(),
                  format_duration(firmware_->within), said, tries, tries == 1 ? "" : "s", errors.empty() ? "" : "; ",
                  errors));
}

std::string BoardMachine::what_was_missed() const {
  if (firmware_->upload) return fmt::format("the upload did not end ({})", firmware_->upload->progress());
  const auto missed = firmware_->matcher.divergence();
  CHECK(missed.has_value());
  return fmt::format("{}: '{}' never came", missed->place, printable(missed->expected));
}

// The board is given up when it did not even get to its image.
void BoardMachine::end(const std::string& why) {
  if (firmware_ || silent_) parts_.state->give_up(why);
  ExitStatus status;
  status.lost = about(*parts_.board, why);
  ended_ = MachineExited{status};
}

Result<void> BoardMachine::send(std::string_view bytes) {
  if (ended_ || stopped_) return fail("cannot send to the console: the machine has ended");
  if (outbox_.size() + bytes.size() > kOutboxMax) {
    return fail(fmt::format("cannot send to the console: the board has left {} bytes unread", outbox_.size()));
  }
  outbox_ += bytes;
  send_pending();
  return {};
}

void BoardMachine::send_pending() {
  if (!outbox_.empty()) outbox_.erase(0, parts_.line.write(outbox_));
}

Result<void> BoardMachine::control(MachineControl what) {
  if (stopped_ || !parts_.line.cut().empty()) return fail("the machine has ended");
  if (what == MachineControl::kBreak) return parts_.line.send_break();
  if (what != MachineControl::kReset) return fail("a board cannot be paused");
  queue_.clear();
  BOOTRIG_TRY_VOID(parts_.commands.reset());
  ended_.reset();
  if (!parts_.boot_phases.empty()) begin_firmware(1);
  return {};
}

Result<std::unique_ptr<Inspection>> BoardMachine::inspect() {
  return fail("a board gives neither registers nor memory; its console and the image are all there is");
}

Result<void> BoardMachine::serve_gdb(const std::filesystem::path&) {
  return fail("a board has no gdbstub; attach a debug probe to it");
}

// A board that cannot be powered off would disturb whoever comes next.
void BoardMachine::stop() {
  if (std::exchange(stopped_, true)) return;
  for (const auto& done : {parts_.commands.power_off(), parts_.commands.release()}) {
    if (done) continue;
    facts_.errors += about(*parts_.board, done.error().message) + "\n";
    parts_.state->give_up(done.error().message);
  }
  parts_.line = SerialLine();
  parts_.commands.end_guard();
  parts_.lease.give_back();
}

}  // namespace bootrig
