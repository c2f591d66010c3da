#include "spec/scenario.h"

#include <gtest/gtest.h>

#include "match/matcher.h"
#include "spec/expected_failure.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

Result<Scenario> parse(std::string_view text, std::string_view name = "boot/hello") {
  const FileSource beside = [](std::string_view file) -> Result<NamedText> {
    return NamedText{std::string(file), "hello {{hex:address}}\n...\nbye\n"};
  };
  return parse_scenario(name, "scenarios/boot/hello/scenario.json", text, beside);
}

TEST(Scenario, ReadsEveryKey) {
  const auto scenario = parse(R"({
    "summary": "s", "image": "reference-hello", "set": {"greeting": "hi", "none": ""}, "tags": ["smoke"],
    "timeout": "10s", "boot": {"until": "re:entered", "timeout": "5s"}, "inactivity": "3s",
    "transcript": "expected.transcript", "forbid": ["re:Caught .* fault"],
    "signatures": {"disarm": ["linux-panic"]}, "ending": "running", "settle": "200ms", "output-limit": "1M",
    "requires": [{"key": "memory", "values": ["1024M", "2G"], "reason": "why"}],
    "expect-fail": {"verdict": "fail", "cause": "exception", "root-cause": "none", "detail": "d", "reason": "w"}})");
  ASSERT_TRUE(scenario) << to_text(scenario.error());
  EXPECT_EQ(scenario->name, "boot/hello");
  EXPECT_EQ(scenario->file, "scenarios/boot/hello/scenario.json");
  EXPECT_EQ(scenario->summary, "s");
  EXPECT_EQ(scenario->image, "reference-hello");
  EXPECT_EQ(scenario->parameters, (std::map<std::string, std::string>{{"greeting", "hi"}, {"none", ""}}));
  EXPECT_EQ(scenario->tags, std::vector<std::string>{"smoke"});
  EXPECT_EQ(scenario->timeouts.overall, 10s);
  EXPECT_EQ(scenario->timeouts.boot, 5s);
  EXPECT_EQ(scenario->timeouts.inactivity, 3s);
  EXPECT_EQ(scenario->ending, Ending::kRunning);
  EXPECT_EQ(scenario->settle, 200ms);
  EXPECT_EQ(scenario->output_limit, std::uint64_t{1} << 20);
  ASSERT_EQ(scenario->requires_.size(), 1u);
  EXPECT_EQ(scenario->requires_[0].key, "memory");
  EXPECT_EQ(scenario->requires_[0].allowed, (std::vector<std::string>{"1G", "2G"})) << "as machine_value writes them";
  EXPECT_EQ(scenario->requires_[0].reason, "why");
  ASSERT_TRUE(scenario->expect_fail);
  EXPECT_EQ(scenario->expect_fail->verdict, "fail");
  EXPECT_EQ(scenario->expect_fail->cause, "exception");
  EXPECT_EQ(scenario->expect_fail->root_cause, "none");
  EXPECT_EQ(scenario->expect_fail->detail, "d");
  EXPECT_EQ(scenario->expect_fail->reason, "w");
  EXPECT_EQ(expectation_count(*scenario->expectations), 2u);
}

TEST(Scenario, HasDefaults) {
  const auto scenario = parse(R"({"summary": "s", "image": "i"})");
  ASSERT_TRUE(scenario) << to_text(scenario.error());
  EXPECT_EQ(scenario->timeouts.overall, 30s);
  EXPECT_FALSE(scenario->timeouts.boot);
  EXPECT_FALSE(scenario->timeouts.inactivity);
  EXPECT_EQ(scenario->ending, Ending::kRunning);
  EXPECT_EQ(scenario->settle, 0s);
  EXPECT_FALSE(scenario->output_limit);
  EXPECT_FALSE(scenario->expect_fail);
  EXPECT_EQ(expectation_count(*scenario->expectations), 0u);
}

TEST(Scenario, StepsAreExpectations) {
  const auto scenario = parse(R"({"summary": "s", "image": "i", "steps":
      [{"expect": "=> ", "within": "2s"}, {"send": "version\n"}, {"expect": "re:U-Boot 20"}]})");
  ASSERT_TRUE(scenario) << to_text(scenario.error());
  EXPECT_EQ(expectation_count(*scenario->expectations), 2u);
}

TEST(Scenario, AStepChecksWhatItCaptured) {
  const auto scenario = parse(R"j({"summary": "s", "image": "i", "steps":
      [{"expect": "re:RAM (?P<ram>[0-9]+), (?P<kind>\\w+)",
        "check": {"ram": {"at-least": 900, "at-most": "0x400"}, "kind": {"is": "DDR4"}}}]})j");
  ASSERT_TRUE(scenario) << to_text(scenario.error());
  const auto refuses = [&](std::string_view console) {
    Matcher matcher(scenario->expectations);
    matcher.feed(console);
    return matcher.diverged();
  };
  EXPECT_FALSE(refuses("RAM 1024, DDR4\n"));
  EXPECT_TRUE(refuses("RAM 1025, DDR4\n"));
  EXPECT_TRUE(refuses("RAM 1024, DDR3\n"));
}

TEST(Scenario, FilesAreAskedForBesideIt) {
  std::string asked;
  const FileSource beside = [&](std::string_view file) -> Result<NamedText> {
    asked = file;
    return fail("/a/b", "permission denied");
  };
  const auto scenario = parse_scenario("x", "scenario.json",
                                       R"({"summary": "s", "image": "i", "transcript": "t/one.transcript"})", beside);
  EXPECT_EQ(asked, "t/one.transcript");
  ASSERT_FALSE(scenario);
  EXPECT_EQ(to_text(scenario.error()),
            "scenario.json:/transcript: 't/one.transcript': permission denied; 'bootrig record' writes one");
}

TEST(Scenario, ItsFolderHasAName) {
  const auto scenario = parse("{}", "boot/hello world");
  ASSERT_FALSE(scenario);
  EXPECT_EQ(to_text(scenario.error()),
            "scenarios/boot/hello/scenario.json: 'boot/hello world' is not a scenario's name; use "
            "letters, digits, "
            "'.', '_' and '-', beginning with a letter or digit");
}

TEST(Scenario, EndingsHaveTheirWords) {
  for (const Ending ending : {Ending::kRunning, Ending::kPowerOff, Ending::kReset, Ending::kAny}) {
    const auto scenario =
        parse(R"({"summary": "s", "image": "i", "ending": ")" + std::string(to_text(ending)) + R"("})");
    ASSERT_TRUE(scenario) << to_text(scenario.error());
    EXPECT_EQ(scenario->ending, ending);
  }
}

TEST(ExpectedFailure, EveryCauseBelongsToOneVerdict) {
  EXPECT_EQ(fail_causes().size(), 9u);
  EXPECT_EQ(fail_causes().back(), "inactivity");
  EXPECT_EQ(error_causes().size(), 5u);
  EXPECT_EQ(error_causes().front(), "bad-spec");
  const auto accepted = [](const std::string& verdict, const std::string& cause) {
    return parse(R"({"summary": "s", "image": "i", "expect-fail": {"reason": "r", "verdict": ")" + verdict +
                 R"(", "cause": ")" + cause + "\"}}")
        .has_value();
  };
  for (const std::string& cause : fail_causes()) {
    EXPECT_TRUE(accepted("fail", cause)) << cause;
    EXPECT_FALSE(accepted("error", cause)) << cause;
  }
  for (const std::string& cause : error_causes()) {
    EXPECT_TRUE(accepted("error", cause)) << cause;
    EXPECT_FALSE(accepted("fail", cause)) << cause;
  }
}

}  // namespace
}  // namespace bootrig
