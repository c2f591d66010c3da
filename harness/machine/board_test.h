// A board for tests: the far end of a pseudo terminal, and a launcher whose power commands switch it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "machine/board_machine.h"
#include "testing/fake_launcher.h"
#include "testing/test_folder.h"

namespace bootrig {

class FakeBoard {
 public:
  FakeBoard() : far_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    CHECK(::grantpt(far_.get()) == 0 && ::unlockpt(far_.get()) == 0);
    near_ = ::ptsname(far_.get());
    held_.reset(::open(near_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));  // as an adapter that stays plugged in
    termios settings{};
    CHECK(::tcgetattr(held_.get(), &settings) == 0);
    ::cfmakeraw(&settings);
    CHECK(::tcsetattr(held_.get(), TCSANOW, &settings) == 0);
  }

  const std::string& line() const { return near_; }
  void says(std::string_view bytes) {
    CHECK(::write(far_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  // What was sent to it, up to and with the carriage return, or so many bytes; less: nothing more within half a second.
  std::string hears() {
    return hear([](const std::string& heard) { return heard.ends_with('\r'); });
  }
  std::string hears(std::size_t count) {
    return hear([count](const std::string& heard) { return heard.size() == count; });
  }
  void unplug() {
    held_.reset();
    far_.reset();
  }

 private:
  std::string hear(const std::function<bool(const std::string&)>& enough) {
    std::string heard;
    for (pollfd watched{far_.get(), POLLIN, 0}; !enough(heard) && ::poll(&watched, 1, 500) > 0;) {
      char byte = 0;
      CHECK(::read(far_.get(), &byte, 1) == 1);
      heard += byte;
    }
    return heard;
  }

  ScopedFd far_;
  std::string near_;
  ScopedFd held_;
};

// A session's view of a board: commands are recorded, "on" does what the test says.
class BoardTest : public ::testing::Test {
 protected:
  BoardTest() {
    spec_.name = "shelf";
    spec_.serial.pty = board_.line();
    spec_.power.on = {"outlet", "on"};
    spec_.power.off = {"outlet", "off"};
    spec_.power.retries = 0;
    spec_.lease.lock = folder_.path() / "lock";
    spec_.lease.wait = std::chrono::milliseconds(300);
    image_.load_address = 0x40400000;
  }

  using Started = std::expected<std::unique_ptr<Machine>, StartFailure>;
  Started start() {
    MachineSpec machine{.kind = MachineKind::kBoard};
    machine.board = std::make_shared<const BoardSpec>(spec_);
    return start_board(launcher_, clock_, interrupt_, {.machine = machine, .image = image_}, state_, agent_);
  }

  // Events until `enough` holds of what was said, or the machine ended, or ten seconds passed.
  struct Seen {
    std::string firmware, image, lost;
    int image_starts = 0;
    bool late = false;
  };
  Seen pull(Machine& machine, const std::function<bool(const Seen&)>& enough) {
    Seen seen;
    const bool begins_in_firmware = machine.in_firmware();
    while (!enough(seen) && seen.lost.empty() && !seen.late) {
      const MachineEvent event = machine.next_event(Deadline::after(clock_.now(), std::chrono::seconds(10)));
      if (const auto* output = std::get_if<ConsoleOutput>(&event)) {
        (begins_in_firmware && seen.image_starts == 0 ? seen.firmware : seen.image) += output->bytes;
      }
      if (std::holds_alternative<ImageStarted>(event)) ++seen.image_starts;
      if (const auto* exited = std::get_if<MachineExited>(&event)) seen.lost = exited->status.lost;
      seen.late = std::holds_alternative<DeadlinePassed>(event);
    }
    return seen;
  }

  std::vector<std::string> commands() const {
    std::vector<std::string> all;
    for (const LaunchSpec& spec : launcher_.launched()) all.push_back(shell_quote(spec.argv));
    return all;
  }

  SteadyClock clock_;
  Interrupt interrupt_;
  FakeBoard board_;
  TestFolder folder_;
  BoardSpec spec_;
  std::filesystem::path agent_;
  BootImage image_{.file = folder_.put("image.bin", "123456789")};
  std::function<FakeRun(const std::string&)> outlet_ = [](const std::string&) { return FakeRun{}; };
  FakeLauncher launcher_{[this](const LaunchSpec& spec) -> Result<FakeRun> { return outlet_(spec.argv.back()); }};
  std::shared_ptr<BoardState> state_ = std::make_shared<BoardState>();
};

}  // namespace bootrig
