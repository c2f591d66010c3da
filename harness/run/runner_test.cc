// A run on machines that play a script: what it asks of them. That of real ones is tested by the commands' tests.
#include "run/runner.h"

#include <gtest/gtest.h>

#include "testing/fake_machine.h"
#include "testing/manual_clock.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

Testcase testcase() {
  ExpectationsBuilder expectations;
  EXPECT_TRUE(expectations.add_transcript("expected.transcript", "hello\n"));
  auto scenario = std::make_shared<Scenario>();
  scenario->name = "boot/sample";
  scenario->image = "sample";
  scenario->timeouts.overall = 10s;
  scenario->expectations = expectations.build();
  Testcase one;
  one.id = one.cell = "boot/sample@virt";
  one.target_id = one.target.name = "virt";
  one.scenario = std::move(scenario);
  return one;
}

// A host that needs three times as long for a boot needs it for the registers of a machine that has stopped, too.
TEST(Runner, TheTimeoutMultiplierHoldsForAStoppedMachine) {
  TestFolder folder;
  ManualClock clock;
  FakeMachineFactory machines(clock, {{25s, ConsoleOutput{"hello\n"}}});
  const std::string recipe = R"({ "summary": "bytes", "stages": [ { "prebuilt": "raw", "file": "raw.bin" } ],
                                  "boot": { "stage": "raw", "format": "raw", "load": "0x40200000" } })";
  folder.put("images/sample/raw.bin", std::string(64, 'x'));
  const auto parsed = parse_recipe("sample", folder.put("images/sample/recipe.json", recipe).string(), recipe);
  ASSERT_TRUE(parsed) << to_text(parsed.error());
  ForkingLauncher launcher;
  ImageBuilder images({*parsed}, {.folder = folder.path() / "images-out", .program = "/bin/true"}, launcher);
  const Interrupt interrupt;
  const auto end = run_plan({.name = "selection", .testcases = {testcase()}},
                            {.output = folder.path() / "out", .timeout_multiplier = 3}, {},
                            {.machines = machines, .images = images, .clock = clock, .interrupt = interrupt});
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(end->totals.passed, 1u) << "within three times its limit";
  ASSERT_EQ(machines.started().size(), 1u);
  EXPECT_EQ(machines.started()[0].time_scale, 3.0);
}

}  // namespace
}  // namespace bootrig
