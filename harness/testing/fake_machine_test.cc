#include "testing/fake_machine.h"

#include <gtest/gtest.h>

#include <array>

#include "testing/fake_launcher.h"

namespace bootrig {
namespace {

using std::chrono::seconds;

TEST(FakeMachine, PlaysItsScriptOnTheClock) {
  ManualClock clock;
  const TimePoint start = clock.now();
  FakeMachine machine(clock, {{seconds(1), ConsoleOutput{"a"}}, {seconds(3), GuestStopped{}}});
  EXPECT_EQ(std::get<ConsoleOutput>(machine.next_event(Deadline::never())).bytes, "a");
  EXPECT_EQ(clock.now(), start + seconds(1));
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine.next_event(Deadline{start + seconds(2)})));
  EXPECT_EQ(clock.now(), start + seconds(2));
  ASSERT_TRUE(machine.send("x"));
  EXPECT_EQ(machine.record().sent, "x");
  EXPECT_EQ(machine.record().sent_at[0], start + seconds(2));
  EXPECT_TRUE(std::holds_alternative<GuestStopped>(machine.next_event(Deadline::never())));
  EXPECT_EQ(clock.now(), start + seconds(4));
  EXPECT_TRUE(std::holds_alternative<GuestStopped>(machine.next_event(Deadline::never())));
  EXPECT_EQ(machine.send("y").error().message, "cannot send to the console: the machine has ended");
}

TEST(FakeMachine, IsSilentAfterItsScript) {
  ManualClock clock;
  FakeMachine machine(clock, {});
  const Deadline deadline = Deadline::after(clock.now(), seconds(5));
  EXPECT_TRUE(std::holds_alternative<DeadlinePassed>(machine.next_event(deadline)));
  EXPECT_EQ(clock.now(), deadline.at);
}

TEST(FakeMachine, IsInspected) {
  ManualClock clock;
  FakeMachine machine(clock, {});
  machine.set_inspection({.states = {{.index = 0, .pc = 0x40000000, .system = {{"ESR_EL1", 0x96000004}}}},
                          .memory = {{0x1000, "abcd"}, {0x2000, "xyz"}},
                          .answers = {{"info mtree -f", "nothing"}}});
  auto inspection = machine.inspect();
  ASSERT_TRUE(inspection);
  EXPECT_TRUE(machine.record().inspected);
  EXPECT_EQ((*inspection)->cpus().value()[0].system.at("ESR_EL1"), 0x96000004u);
  EXPECT_EQ((*inspection)->monitor("info mtree -f"), "nothing");
  EXPECT_EQ((*inspection)->monitor("info roms").error().message,
            "the fake machine's monitor does not know 'info roms'");
  std::array<std::uint8_t, 2> bytes{};
  ASSERT_TRUE((*inspection)->read(0x1002, bytes));
  EXPECT_EQ(bytes[0], 'c');
  EXPECT_EQ(bytes[1], 'd');
  for (const std::uint64_t address : {0xfffull, 0x1003ull, 0x2002ull, 0x2003ull, ~0ull}) {
    EXPECT_FALSE((*inspection)->read(address, bytes)) << address;
  }
  EXPECT_EQ((*inspection)->read(0x1003, bytes).error().message, "no memory at 0x1003");
}

TEST(FakeMachine, CannotBeInspectedUnlessTold) {
  ManualClock clock;
  FakeMachine machine(clock, {});
  EXPECT_EQ(machine.inspect().error().message, "the machine cannot be inspected: it is a fake");
}

TEST(FakeMachineFactory, RecordsWhatItStarted) {
  ManualClock clock;
  FakeMachineFactory factory(clock, {{seconds(1), ConsoleOutput{"a"}}});
  factory.set_unavailable([](const MachineSpec& machine) {
    return machine.level == 3 ? std::optional<std::string>("no EL3") : std::nullopt;
  });
  ASSERT_TRUE(factory.start({{.gic = 3}, {"a.elf", {}}}));
  EXPECT_EQ(factory.start({{.level = 3}, {"a.elf", {}}}).error().message, "no EL3");
  EXPECT_EQ(factory.started().size(), 2u);
  EXPECT_EQ(factory.started()[0].machine.gic, 3u);
  EXPECT_EQ(factory.records().size(), 1u);
}

TEST(FakeLauncher, RunsACommand) {
  FakeLauncher launcher([](const LaunchSpec& spec) -> Result<FakeRun> {
    if (spec.argv[0] != "tool") return fail(spec.argv[0], "is not there");
    return FakeRun{.output = "said\n", .status = {.code = 2}};
  });
  const auto result = run_command(launcher, {.argv = {"tool", "x"}}, Deadline::never());
  EXPECT_EQ(result->output, "said\n");
  EXPECT_EQ(result->status.code, 2);
  EXPECT_EQ(to_text(run_command(launcher, {.argv = {"other"}}, Deadline::never()).error()), "other: is not there");
  EXPECT_EQ(launcher.launched()[0].argv[1], "x");
}

}  // namespace
}  // namespace bootrig
