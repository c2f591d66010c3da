#include "machine/board_machine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "machine/board_test.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

BootStep expects(std::string text, Duration within = 10s) {
  return {.place = "targets/shelf.json:/machine/boot-steps/0", .expect = std::move(text), .within = within};
}
BootStep sends(std::string text) {
  return {.send = std::move(text)};
}

class BoardMachineTest : public BoardTest {
 protected:
  void power_on_says(std::string bytes) {
    outlet_ = [this, bytes](const std::string& what) {
      if (what == "on") board_.says(bytes);
      return FakeRun{};
    };
  }
};

TEST_F(BoardMachineTest, WithoutBootStepsAllIsTheImages) {
  board_.says("said before it was switched on");
  power_on_says("hello\n");
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  EXPECT_FALSE((*machine)->in_firmware());
  EXPECT_EQ(pull(**machine, [](const Seen& seen) { return seen.image.ends_with('\n'); }).image, "hello\n");
  ASSERT_TRUE((*machine)->send("yes\r"));
  EXPECT_EQ(board_.hears(), "yes\r");
  (*machine)->stop();
  EXPECT_THAT(commands(), ElementsAre("outlet off", "outlet on", "outlet off"));
}

TEST_F(BoardMachineTest, DrivesItsFirmware) {
  spec_.boot_steps = {expects("any key"),     sends("\r"),
                      expects("=> "),         sends("crc32 {size}; go {entry}\r"),
                      expects("==> {crc32}"), expects("Starting application")};
  power_on_says("\xff\xfe garbage\r\nHit any key");
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  EXPECT_TRUE((*machine)->in_firmware());
  Seen seen = pull(**machine, [](const Seen& so_far) { return so_far.firmware.ends_with("any key"); });
  EXPECT_EQ(board_.hears(), "\r");
  board_.says("\r\n=> ");
  pull(**machine, [](const Seen& so_far) { return !so_far.firmware.empty() && so_far.firmware.ends_with("=> "); });
  EXPECT_EQ(board_.hears(), "crc32 0x9; go 0x40400000\r");
  // Byte by byte: where the image begins does not depend on how its bytes come.
  const std::string rest = "crc32 ==> cbf43926\r\n## Starting application at 0x40400000 ...\r\n\r\nhello\n";
  std::string firmware, image;
  int starts = 0;
  for (const char byte : rest) {
    board_.says(std::string_view(&byte, 1));
    const std::size_t before = firmware.size() + image.size();
    while (firmware.size() + image.size() == before) {
      const MachineEvent event = (*machine)->next_event(Deadline::after(clock_.now(), 10s));
      if (std::holds_alternative<ImageStarted>(event)) ++starts;
      if (const auto* output = std::get_if<ConsoleOutput>(&event)) (starts > 0 ? image : firmware) += output->bytes;
      ASSERT_FALSE(std::holds_alternative<DeadlinePassed>(event));
    }
  }
  EXPECT_EQ(starts, 1);
  EXPECT_EQ(image, "hello\n");
  EXPECT_EQ(firmware + image, rest);
  EXPECT_FALSE((*machine)->in_firmware());
}

TEST_F(BoardMachineTest, UploadsTheImage) {
  constexpr char kAck = 0x06, kEot = 0x04;
  spec_.boot_steps = {expects("Ready"), {.upload = true, .within = 10s}, expects("done")};
  power_on_says("Ready C");
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  const auto says = [&](const std::string& bytes) {
    board_.says(bytes);
    pull(**machine, [&](const Seen& seen) { return seen.firmware.size() == bytes.size(); });
  };
  pull(**machine, [](const Seen& seen) { return seen.firmware == "Ready C"; });
  EXPECT_EQ(board_.hears(133).substr(3, 12), std::string("image.bin\0009", 11) + '\0');
  says({kAck, 'C'});
  EXPECT_EQ(board_.hears(1029).substr(3, 9), "123456789");
  says({kAck});
  EXPECT_EQ(board_.hears(1), std::string(1, kEot));
  says({kAck, 'C'});
  EXPECT_EQ(board_.hears(133).size(), 133u);
  board_.says(std::string{kAck} + "all done\r\nhello\n");
  EXPECT_EQ(pull(**machine, [](const Seen& seen) { return !seen.image.empty(); }).image, "hello\n");
}

TEST_F(BoardMachineTest, UploadThatDoesNotEndIsGivenUp) {
  spec_.boot_steps = {expects("Ready"), {.upload = true, .within = 50ms}};
  power_on_says("Ready C");
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  const std::string lost = pull(**machine, [](const Seen&) { return false; }).lost;
  EXPECT_TRUE(
      lost.starts_with("board 'shelf': it does not get to its image: the upload did not end (0 of 1 blocks) within "
                       "50ms; "))
      << lost;
}

TEST_F(BoardMachineTest, LostCharactersCostAnotherPowerOn) {
  spec_.boot_steps = {expects("any key", 200ms), sends("\r")};
  spec_.power.retries = 1;
  int power_ons = 0;
  outlet_ = [&](const std::string& what) {
    if (what == "on") board_.says(power_ons++ == 0 ? "Hit ay ky" : "Hit any key");
    return FakeRun{};
  };
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  const Seen seen = pull(**machine, [](const Seen& so_far) { return so_far.image_starts > 0; });
  EXPECT_EQ(seen.firmware, "Hit ay kyHit any key");
  EXPECT_EQ(power_ons, 2);
}

TEST_F(BoardMachineTest, SilentBoardIsGivenUpAndNotTriedAgain) {
  spec_.boot_steps = {expects("any key", 50ms)};
  spec_.power.retries = 1;
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  const Seen seen = pull(**machine, [](const Seen&) { return false; });
  const std::string why =
      "it does not get to its image: targets/shelf.json:/machine/boot-steps/0: 'any key' never came within 50ms; it "
      "said "
      "nothing; powered on 2 times";
  EXPECT_EQ(seen.lost, "board 'shelf': " + why);
  (*machine)->stop();
  const std::size_t commands_before = commands().size();
  const auto again = start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, StartFailure::Kind::kUnavailable);
  EXPECT_EQ(again.error().message, "board 'shelf': given up in this run: " + why);
  EXPECT_EQ(commands().size(), commands_before);
}

TEST_F(BoardMachineTest, PowerCommandThatFailsNamesWhatWasTried) {
  spec_.power.retries = 2;
  outlet_ = [](const std::string& what) {
    return what == "on" ? FakeRun{"looking\nno such outlet\n", {.code = 3}} : FakeRun{};
  };
  const auto machine = start();
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().kind, StartFailure::Kind::kHost);
  EXPECT_EQ(machine.error().message,
            "board 'shelf': power on: 'outlet on' ended with exit status 3: no such outlet (tried 3 times)");
  EXPECT_EQ(commands().back(), "outlet off");
  EXPECT_EQ(lease_state(spec_.lease), "free");
}

TEST_F(BoardMachineTest, CutLineIsToldAndTheBoardSwitchedOff) {
  power_on_says("hello\n");
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  pull(**machine, [](const Seen& seen) { return !seen.image.empty(); });
  const std::string line = board_.line();
  board_.unplug();
  const Seen seen = pull(**machine, [](const Seen&) { return false; });
  EXPECT_EQ(seen.lost, fmt::format("board 'shelf': the line pty:{} was cut: its other end was closed", line));
  EXPECT_EQ(state_->given_up(), std::nullopt);  // it had got to its image
  EXPECT_FALSE((*machine)->send("x"));
  (*machine)->stop();
  EXPECT_EQ(commands().back(), "outlet off");
}

TEST_F(BoardMachineTest, LineThatIsNotThere) {
  spec_.serial.pty = "/no/such/line";
  const auto machine = start();
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message,
            "board 'shelf': cannot open the line pty:/no/such/line: No such file or directory");
  EXPECT_THAT(commands(), ElementsAre());
}

TEST_F(BoardMachineTest, OneSessionAtATime) {
  auto first = start();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(lease_state(spec_.lease).starts_with(fmt::format("in use by process {} of user", ::getpid())));
  state_ = std::make_shared<BoardState>();  // as another run
  const auto second = start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, StartFailure::Kind::kHost);
  EXPECT_TRUE(second.error().message.starts_with(fmt::format("board 'shelf': it is in use by process {}", ::getpid())))
      << second.error().message;
  EXPECT_TRUE(second.error().message.ends_with("waited 300ms for " + spec_.lease.lock.string()));
  (*first)->stop();
  EXPECT_EQ(lease_state(spec_.lease), "free");
  state_ = std::make_shared<BoardState>();
  EXPECT_TRUE(start());
}

TEST_F(BoardMachineTest, LockOfAProcessThatDiedIsNoLock) {
  folder_.put("lock", "process 1 of user 0, since 2026-01-01 00:00:00 UTC\n");
  EXPECT_EQ(lease_state(spec_.lease),
            "free; process 1 of user 0, since 2026-01-01 00:00:00 UTC, which has ended, did not give it back");
  EXPECT_TRUE(start());
}

TEST_F(BoardMachineTest, FarmsLeaseIsTakenAndGivenBack) {
  spec_.place = "p7";
  spec_.lease.acquire = {"farm", "{place}", "take"};
  spec_.lease.release = {"farm", "{place}", "give"};
  { ASSERT_TRUE(start()); }
  EXPECT_THAT(commands(), ElementsAre("farm p7 take", "outlet off", "outlet on", "outlet off", "farm p7 give"));
}

TEST_F(BoardMachineTest, DeploysIntoAFolderBeforePowerOn) {
  spec_.deploy = {.folder = folder_.path(), .name = "boot.img"};
  std::string found;
  outlet_ = [&](const std::string& what) {
    if (what == "on") found = read_file(folder_.path() / "boot.img").value_or("nothing");
    return FakeRun{};
  };
  ASSERT_TRUE(start());
  EXPECT_EQ(found, "123456789");
}

TEST_F(BoardMachineTest, DeploymentThatFailsDoesNotGiveTheBoardUp) {
  spec_.deploy.command = {"copy", "{image}", "{sha256}"};
  outlet_ = [&](const std::string& what) { return what.size() == 64 ? FakeRun{"disk full", {.code = 1}} : FakeRun{}; };
  const auto machine = start();
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message,
            fmt::format("board 'shelf': deploying the image: 'copy {} {}' ended with exit status 1: disk full",
                        image_.file.string(), sha256_hex("123456789")));
  EXPECT_EQ(state_->given_up(), std::nullopt);
}

TEST_F(BoardMachineTest, SaysWhatABoardCannot) {
  const auto machine = start();
  ASSERT_TRUE(machine);
  EXPECT_EQ((*machine)->inspect().error().message,
            "a board gives neither registers nor memory; its console and the image are all there is");
  EXPECT_FALSE((*machine)->serve_gdb("/tmp/socket"));
  EXPECT_FALSE((*machine)->control(MachineControl::kPause));
  EXPECT_TRUE((*machine)->control(MachineControl::kBreak));
  EXPECT_TRUE((*machine)->control(MachineControl::kReset));
  image_.arguments = {"-device", "virtio-blk-pci"};
  const auto other = start();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, StartFailure::Kind::kUnavailable);
}

TEST_F(BoardMachineTest, InterruptEndsTheWait) {
  const auto machine = start();
  ASSERT_TRUE(machine);
  interrupt_.raise();
  EXPECT_TRUE(std::holds_alternative<Interrupted>((*machine)->next_event(Deadline::never())));
}

}  // namespace
}  // namespace bootrig
