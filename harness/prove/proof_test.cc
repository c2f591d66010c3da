#include "prove/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"

namespace bootrig {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A scenario with this transcript and these further keys: R"(, "order": "any")".
Scenario with_transcript(const std::string& transcript, const std::string& keys = "") {
  auto scenario =
      parse_scenario("boot/x", "scenario.json", R"({"summary": "s", "image": "i", "transcript": "t")" + keys + "}",
                     [&](std::string_view) -> Result<NamedText> {
                       return NamedText{"t", transcript};
                     });
  CHECK(scenario.has_value());
  return *std::move(scenario);
}

Scenario with_steps(const std::string& steps) {
  auto scenario = parse_scenario("boot/x", "scenario.json", R"({"summary": "s", "image": "i", "steps": )" + steps + "}",
                                 [](std::string_view) -> Result<NamedText> { return fail("no file"); });
  CHECK(scenario.has_value());
  return *std::move(scenario);
}

Proof proof_of(const Scenario& scenario, const std::string& console,
               Termination termination = Termination::kSatisfied) {
  auto proof = prove(scenario, console, termination);
  if (!proof) ADD_FAILURE() << to_text(proof.error());
  return proof ? *std::move(proof) : Proof{};
}

// "garble t:2"
std::vector<std::string> survivors(const Proof& proof) {
  std::vector<std::string> found;
  for (const Survivor& survivor : proof.survivors) {
    found.push_back(std::string(to_text(survivor.kind)) + " " + survivor.place);
  }
  return found;
}

std::size_t count(const Proof& proof, MutantKind kind) {
  return proof.by_kind[static_cast<std::size_t>(kind)];
}

TEST(Prove, WhatACheckDoesNotAllowTurnsTheVerdict) {
  const Scenario scenario = with_steps(
      R"j([{"expect": "re:RAM (?P<ram>[0-9]+) MiB", "check": {"ram": {"at-least": 900, "at-most": 1024}}}])j");
  const Proof proof = proof_of(scenario, "RAM 1024 MiB\n");
  EXPECT_EQ(count(proof, MutantKind::kCheck), 1u);
  EXPECT_THAT(survivors(proof), IsEmpty());
}

TEST(Prove, ATextThatACheckDoesNotAllowTurnsTheVerdict) {
  const Scenario scenario = with_steps(R"j([{"expect": "re:guest: (?P<n>[a-z]+)", "check": {"n": {"is": "one"}}}])j");
  const Proof proof = proof_of(scenario, "guest: one\nguest: two\n");
  EXPECT_EQ(count(proof, MutantKind::kCheck), 1u);
  EXPECT_THAT(survivors(proof), IsEmpty());
}

TEST(Prove, EveryMutantOfASoundTranscriptTurns) {
  const Proof proof = proof_of(with_transcript("loader: at {{hex:at}}\nkernel: 10 ticks\n...\nkernel: at {{hex:at}}\n"),
                               "loader: at 0x10\nkernel: 10 ticks\nnoise\nkernel: at 0x10\n");
  EXPECT_THAT(survivors(proof), IsEmpty());
  EXPECT_EQ(count(proof, MutantKind::kDrop), 3u);
  EXPECT_EQ(count(proof, MutantKind::kGarble), 3u);
  EXPECT_EQ(count(proof, MutantKind::kCapture), 2u);
  EXPECT_EQ(count(proof, MutantKind::kDigit), 1u);
  EXPECT_EQ(count(proof, MutantKind::kSwap), 2u);
  EXPECT_EQ(count(proof, MutantKind::kTruncate), 2u);
  EXPECT_EQ(count(proof, MutantKind::kInject), default_signatures().size());
}

TEST(Prove, FindsALineThatMayBeAnything) {
  const Proof proof = proof_of(with_transcript("hello\n{{any}}\nworld\n"), "hello\nthere\nworld\n");
  ASSERT_THAT(survivors(proof), ElementsAre("garble t:2"));
  EXPECT_EQ(proof.survivors[0].mutant, "line 2 'there' became '~~~~~'");
  EXPECT_EQ(proof.survivors[0].written, "{{any}}");
}

TEST(Prove, FindsAGapThatLetsAllPassToALineThatMayBeAnything) {
  const Proof proof = proof_of(with_transcript("hello\n...\n{{word}} {{any}}\n"), "hello\na b\nc d\n");
  EXPECT_THAT(survivors(proof), ElementsAre("garble t:3"));
}

TEST(Prove, FindsARegularExpressionThatMatchesAll) {
  EXPECT_THAT(survivors(proof_of(with_transcript("{{re:.*}}\nworld\n"), "hello\nworld\n")), ElementsAre("garble t:1"));
}

TEST(Prove, FindsAStepThatIsAlwaysTrue) {
  const Scenario empty = with_steps(R"([{"expect": "re:x*"}, {"expect": "hello"}])");
  EXPECT_THAT(survivors(proof_of(empty, "hello\n")), ElementsAre("drop scenario.json:/steps/0/expect"));
  const Scenario any = with_steps(R"([{"expect": "hello"}, {"expect": "re:.+"}])");
  EXPECT_THAT(survivors(proof_of(any, "hello\nworld\n")),
              ElementsAre("garble scenario.json:/steps/1/expect", "inject scenario.json:/signatures"));
}

TEST(Prove, ALineThatIsSaidAgainStillCounts) {
  EXPECT_THAT(survivors(proof_of(with_transcript("...\ntick {{dec}}\n...\ndone\n"), "tick 1\ntick 2\ntick 3\ndone\n")),
              IsEmpty());
}

TEST(Prove, AnyOrderAsksForNoOrder) {
  const Scenario scenario = with_transcript("one\ntwo\ntwo\n", R"(, "order": "any")");
  const Proof proof = proof_of(scenario, "two\nnoise\none\ntwo\ntwo\n");
  EXPECT_THAT(survivors(proof), IsEmpty());
  EXPECT_EQ(count(proof, MutantKind::kSwap), 0u);
}

TEST(Prove, StepsAreReplayedWithTheirSends) {
  const Scenario scenario =
      with_steps(R"([{"expect": "=> "}, {"send": "a\n"}, {"expect": "re:v[0-9]+"}, {"expect": "=> "}])");
  const Proof proof = proof_of(scenario, "boot\n=> a\nv12\n=> ");
  EXPECT_THAT(survivors(proof), IsEmpty());
  EXPECT_GT(proof.mutants, default_signatures().size());
}

TEST(Prove, EndingsAreChanged) {
  const std::string off = R"(, "ending": "power-off")";
  const Proof proof = proof_of(with_transcript("bye\n", off), "bye\n", Termination::kPoweredOff);
  EXPECT_THAT(survivors(proof), IsEmpty());
  EXPECT_EQ(count(proof, MutantKind::kEnding), 5u);
  const Proof settles = proof_of(with_transcript("up\n", R"(, "settle": "1s")"), "up\n");
  EXPECT_THAT(survivors(settles), IsEmpty());
}

TEST(Prove, SubtestsFail) {
  const std::string ktap = R"(, "subtests": "ktap", "ending": "power-off")";
  const Proof proof = proof_of(with_transcript("...\nbye\n", ktap),
                               "KTAP version 1\n1..2\nok 1 a\n[    1.5] ok 2 b\nbye\n", Termination::kPoweredOff);
  EXPECT_THAT(survivors(proof), IsEmpty());
  EXPECT_EQ(count(proof, MutantKind::kSubtest), 4u);
  const Proof junit = proof_of(with_transcript("...\nbye\n", R"(, "subtests": "junit")"),
                               "<testcase name=\"a\">\n</testcase>\nRunning test b (x)\nTest b passed\nbye\n");
  EXPECT_THAT(survivors(junit), IsEmpty());
  EXPECT_EQ(count(junit, MutantKind::kSubtest), 2u);
}

TEST(Prove, WhatIsForbiddenIsSaid) {
  const std::string forbid = R"(, "forbid": ["re:lost [1-9][0-9]* packets?$"])";
  const Proof proof = proof_of(with_transcript("up\n", forbid), "up\n");
  EXPECT_EQ(count(proof, MutantKind::kInject), default_signatures().size() + 1);
  EXPECT_THAT(survivors(proof), IsEmpty());
}

TEST(Prove, APromptAndEscapesAreRead) {
  EXPECT_THAT(survivors(proof_of(with_transcript("\x1b[1mboot\x1b[0m\n{{dec:n}}> "), "\x1b[1mboot\x1b[0m\r\n1> ")),
              IsEmpty());
}

TEST(Prove, AConsoleThatDoesNotPassIsRefused) {
  const auto proof = prove(with_transcript("hello\n"), "hullo\n", Termination::kSatisfied);
  ASSERT_FALSE(proof.has_value());
  EXPECT_EQ(proof.error().message,
            "what passed does not pass when it is replayed: fail (unexpected-output): t:1: expected 'hello', line 1 is "
            "'hullo'");
}

TEST(Prove, HostileConsolesAreOnlyBytes) {
  const std::string hostile("\0\xff\x1b[\r\r\n~\n", 9);
  const Proof proof = proof_of(with_transcript("...\n~\n"), hostile);
  EXPECT_GT(proof.mutants, 0u);
}

}  // namespace
}  // namespace bootrig
