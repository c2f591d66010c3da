// targets/base/labgrid.json against a labgrid-client that plays what was recorded of one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/text.h"
#include "machine/board_machine.h"
#include "testing/paths.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using ::testing::ElementsAre;

// As one of 2026 does it with microcom(1): without the place nothing works, and its console says three lines of its own.
constexpr const char* kClient = R"sh(#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
refuse() { echo "labgrid-client: Error: $1" >&2; exit 1; }
case "$*" in
  "-p rack-3 acquire")
    [ ! -e "$here/acquired" ] || refuse "Place rack-3 is already acquired by $(cat "$here/acquired")."
    echo test/me > "$here/acquired"; echo "acquired place rack-3"; exit ;;
esac
[ "$(cat "$here/acquired" 2>/dev/null)" = test/me ] || refuse "place rack-3 is not acquired"
case "$*" in
  "-p rack-3 release") rm "$here/acquired"; echo "released place rack-3" ;;
  "-p rack-3 power on") touch "$here/on" ;;
  "-p rack-3 power off") rm -f "$here/on" ;;
  "-p rack-3 console")
    printf "connecting to NetworkSerialPort(...) calling /usr/bin/microcom -s 115200 -t 127.0.0.1:58085\r\n"
    printf "connected to 127.0.0.1 (port 58085)\r\nEscape character: Ctrl-\\\\\r\n"
    printf "Type the escape character to get to the prompt.\r\n"
    while [ ! -e "$here/on" ]; do sleep 0.01; done
    printf "U-Boot 2024.01\r\nHit any key to stop autoboot:  2"
    [ "$(dd bs=1 count=5 2>/dev/null)" = "boot$(printf '\r')" ] || exit 1
    printf "\r\nStarting kernel ...\r\n\r\nhello\r\n"
    cat > /dev/null ;;
  *) refuse "no such command: $*" ;;
esac
)sh";

constexpr const char* kTarget = R"({
  "extends": "base/labgrid", "summary": "A board of the rack",
  "machine": { "cpu": "cortex-a72", "place": "rack-3",
               "boot-steps": [{ "expect": "Hit any key" }, { "send": "boot\r" }, { "expect": "Starting kernel" }],
               "lease": { "lock": "LOCK", "wait": "300ms" } } })";

class LabgridTest : public ::testing::Test {
 protected:
  LabgridTest() : path_(std::getenv("PATH")) {
    ::chmod(folder_.put("labgrid-client", kClient).c_str(), 0755);
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  ~LabgridTest() override { ::setenv("PATH", path_.c_str(), 1); }

  Result<TargetProfile> target() {
    std::string text = kTarget;
    text.replace(text.find("LOCK"), 4, (folder_.path() / "lock").string());
    const auto source = [text](std::string_view name) -> Result<NamedText> {
      if (name == "rack") return NamedText{"rack.json", text};
      BOOTRIG_TRY(std::string base, read_file(source_path("targets/" + std::string(name) + ".json")));
      return NamedText{std::string(name), std::move(base)};
    };
    return parse_target("rack", source, {"rack", "base/labgrid"});
  }

  const std::string path_;
  TestFolder folder_;
};

TEST_F(LabgridTest, PlaceIsTakenDrivenAndGivenBack) {
  const auto profile = target();
  ASSERT_TRUE(profile) << to_text(profile.error());
  const SteadyClock clock;
  const Interrupt interrupt;
  ForkingLauncher launcher;
  const auto factory = make_machine_factory(launcher, clock, interrupt);
  const MachineRequest request{profile->machine, {folder_.put("image.bin", "bytes"), 0x80000}};
  auto machine = factory->start(request);
  ASSERT_TRUE(machine) << machine.error().message;
  std::string firmware, image;
  bool started = false;
  while (!image.ends_with("hello\r\n")) {
    const MachineEvent event = (*machine)->next_event(Deadline::after(clock.now(), std::chrono::seconds(20)));
    if (const auto* output = std::get_if<ConsoleOutput>(&event)) {
      (started ? image : firmware) += output->bytes;
    } else if (std::holds_alternative<ImageStarted>(event)) {
      started = true;
    } else {
      FAIL() << "event " << event.index() << " after " << firmware << image;
    }
  }
  EXPECT_EQ(image, "hello\r\n");
  (*machine)->stop();
  const std::string asked = read_file(folder_.path() / "asked").value();
  std::vector<std::string_view> lines = split_lines(asked);
  // The console is opened while the place is taken; when it comes to write its line is the system's choice.
  std::erase(lines, "-p rack-3 console");
  EXPECT_THAT(lines, ElementsAre("-p rack-3 acquire", "-p rack-3 power off", "-p rack-3 power on",
                                 "-p rack-3 power off", "-p rack-3 release"));
}

TEST_F(LabgridTest, PlaceOfSomebodyElseIsLeftToHim) {
  const auto profile = target();
  ASSERT_TRUE(profile) << to_text(profile.error());
  folder_.put("acquired", "desk/carol");
  const SteadyClock clock;
  const Interrupt interrupt;
  ForkingLauncher launcher;
  const auto factory = make_machine_factory(launcher, clock, interrupt);
  const auto machine = factory->start({profile->machine, {folder_.put("image.bin", "bytes"), 0x80000}});
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message,
            "board 'rack': the lease: 'labgrid-client -p rack-3 acquire' ended with exit status 1: labgrid-client: "
            "Error: Place rack-3 is already acquired by desk/carol.; waited 300ms");
  EXPECT_EQ(read_file(folder_.path() / "asked").value(), "-p rack-3 acquire\n");
}

// Boards stand behind the hosts, each a place of its own.
TEST_F(LabgridTest, BoardIsAPlaceOfItsOwn) {
  const auto profile = target();
  ASSERT_TRUE(profile) << to_text(profile.error());
  const SteadyClock clock;
  const Interrupt interrupt;
  ForkingLauncher launcher;
  const auto factory = make_machine_factory(launcher, clock, interrupt);
  EXPECT_THAT(factory->hosts_for(profile->machine), ElementsAre(1u));
  EXPECT_THAT(factory->hosts_for(profile->machine), ElementsAre(1u));
  ASSERT_EQ(factory->hosts().size(), 2u);
  EXPECT_EQ(factory->hosts()[1].name, "rack");
  EXPECT_EQ(factory->hosts()[1].cores, 1u);
  EXPECT_THAT(factory->command({profile->machine, {"image.bin"}}),
              ElementsAre("labgrid-client", "-p", "rack-3", "power", "on"));
  EXPECT_EQ(factory->note(profile->machine),
            fmt::format("board on command:labgrid-client -p rack-3 console, 3 boot steps; lease {}: free",
                        (folder_.path() / "lock").string()));
}

}  // namespace
}  // namespace bootrig
