#include "subtest/subtest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootrig {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SubtestFacts read(SubtestDialect dialect, std::string_view console) {
  SubtestReader reader(dialect);
  reader.feed(console);
  SubtestFacts whole = reader.facts();
  // Any split gives the same.
  SubtestReader bytewise(dialect);
  for (const char& byte : console) bytewise.feed(std::string_view(&byte, 1));
  EXPECT_EQ(bytewise.facts().subtests.size(), whole.subtests.size());
  EXPECT_EQ(bytewise.facts().problems, whole.problems);
  return whole;
}

// "12 fail suite.test: why"
std::vector<std::string> rows(const SubtestFacts& facts) {
  std::vector<std::string> rows;
  for (const Subtest& subtest : facts.subtests) {
    rows.push_back(fmt::format("{} {} {}{}{}", subtest.line, to_text(subtest.status), subtest.name,
                               subtest.detail.empty() ? "" : ": ", subtest.detail));
  }
  return rows;
}

SubtestFacts ktap(std::string_view console) {
  return read(SubtestDialect::kKtap, console);
}
SubtestFacts junit(std::string_view console) {
  return read(SubtestDialect::kJUnit, console);
}

TEST(Ktap, NestedInAKernelsLog) {
  const SubtestFacts facts = ktap(
      "[    0.100000] Booting Linux\r\n"
      "[    0.500000] KTAP version 1\r\n"
      "[    0.500001] 1..2\r\n"
      "[    0.500002]     KTAP version 1\r\n"
      "[    0.500003]     # Subtest: list\r\n"
      "[    0.500004]     1..2\r\n"
      "[    0.500005][    T1]     ok 1 init\r\n"
      "[    0.500006]     # add: EXPECTATION FAILED at lib/list.c:12\r\n"
      "[    0.500007]     Expected 1 == 2\r\n"
      "[    0.500008] random: crng init done\r\n"
      "[    0.500009]     not ok 2 add\r\n"
      "[    0.500010] # list: pass:1 fail:1 skip:0 total:2\r\n"
      "[    0.500011] not ok 1 list\r\n"
      "[    0.500012]     KTAP version 1\r\n"
      "[    0.500013]     # Subtest: hash\r\n"
      "[    0.500014]     1..1\r\n"
      "[    0.500015]     ok 1 mix # SKIP no seed\r\n"
      "[    0.500016] ok 2 hash # SKIP\r\n");
  EXPECT_THAT(rows(facts), ElementsAre("7 pass list.init", "11 fail list.add: add: EXPECTATION FAILED at lib/list.c:12",
                                       "17 skip hash.mix: no seed"));
  EXPECT_THAT(facts.problems, IsEmpty());
}

TEST(Ktap, FlatTapAndDirectives) {
  const SubtestFacts facts = ktap(
      "TAP version 13\n1..6\nok 1 - a\nnot ok 2 - b # TODO later\nok 3 c # XFAIL known\nok 4 d # TIMEOUT 45 s\n"
      "not ok 5\nok 6 e # not a directive\n");
  EXPECT_THAT(rows(facts), ElementsAre("3 pass a", "4 skip b: later", "5 skip c: known", "6 fail d: 45 s", "7 fail 5",
                                       "8 pass e: a directive"));
  EXPECT_THAT(facts.problems, IsEmpty());
}

TEST(Ktap, AParentThatFailsByItselfIsARow) {
  const SubtestFacts facts =
      ktap("KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 a\n# suite teardown\nnot ok 1 suite\n");
  EXPECT_THAT(rows(facts), ElementsAre("5 pass suite.a", "7 fail suite: suite teardown"));
}

TEST(Ktap, WhatIsMissingIsAProblem) {
  EXPECT_THAT(ktap("ok 1 a\nok\n").problems, ElementsAre("no KTAP came"));
  EXPECT_THAT(ktap("KTAP version 1\n1..3\nok 1 a\nok 3 c\n").problems,
              ElementsAre("line 4: result 3 came where 2 was due"));
  EXPECT_THAT(ktap("KTAP version 1\n1..3\nok 1 a\n").problems, ElementsAre("line 1 planned 3 results, 1 came"));
  EXPECT_THAT(ktap("KTAP version 1\nok 1 a\n").problems, ElementsAre("line 1 has no plan"));
  EXPECT_THAT(ktap("KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: s\n  1..2\n  ok 1 a\n").problems,
              ElementsAre("'s' planned 2 results, 1 came", "'s' has begun, and no result of it came",
                          "line 1 planned 1 result, 0 came"));
}

TEST(Ktap, HostileInputIsNoResult) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "KTAP version 1\n";
  EXPECT_FALSE(ktap(deep).problems.empty());
  EXPECT_THAT(
      rows(ktap("KTAP version 1\n1..99999999999999999999\nok 99999999999999999999 x\n1..-1\n[\n[.]\n[ 1.2][\n")),
      ElementsAre("3 pass 99999999999999999999 x"));
  EXPECT_EQ(ktap("KTAP version 1\n1..1\nok 1 " + std::string(10000, 'x')).subtests.at(0).name.size(), 512u);
}

TEST(JUnit, AsSel4testPrintsIt) {
  const SubtestFacts facts = junit(
      "Booting\n<testsuite>\n"
      "\t<testcase classname=\"sel4test\" name=\"SYSCALL0000\">\n\t\t<system-out>\nRunning test SYSCALL0000 (basics)\n"
      "\t\t</system-out>\n\t</testcase>\n"
      "\t<testcase classname=\"sel4test\" name=\"IPC0001\">\n"
      "\t\t<failure type=\"failure\">a &lt; b at line 7</failure>\n\t</testcase>\n"
      "\t<testcase name='OFF'><skipped message=\"no timer\"/></testcase>\n</testsuite>\nAll is well\n");
  EXPECT_THAT(rows(facts), ElementsAre("3 pass sel4test.SYSCALL0000", "8 fail sel4test.IPC0001: a < b at line 7",
                                       "11 skip OFF: no timer"));
  EXPECT_THAT(facts.problems, IsEmpty());
}

TEST(JUnit, ThePlainForm) {
  const SubtestFacts facts = junit(
      "Running test A0 (first)\nTest A0 passed\nRunning test B0 (second)\n\tError: no\nRunning test C0 (third)\n"
      "Test C0 passed\n");
  EXPECT_THAT(rows(facts), ElementsAre("1 pass A0", "3 fail B0: did not say that it passed", "5 pass C0"));
}

TEST(JUnit, WhatIsMissingIsAProblem) {
  EXPECT_THAT(junit("nothing\n").problems, ElementsAre("no JUnit came"));
  const SubtestFacts cut = junit("<testsuite name=\"s\" tests=\"2\">\n<testcase name=\"a\"/>\n<testcase name=\"b\">\n");
  EXPECT_THAT(rows(cut), ElementsAre("2 pass a", "3 fail b: has no end"));
  EXPECT_THAT(cut.problems, ElementsAre("'b' has begun, and no end of it came", "the suite 's' has no end"));
  EXPECT_THAT(junit("<testsuite name=\"s\" tests=\"2\">\n<testcase name=\"a\"/>\n</testsuite>\n").problems,
              ElementsAre("the suite 's' planned 2 results, 1 came"));
}

TEST(JUnit, HostileInputIsNoResult) {
  EXPECT_THAT(junit("<\n<>\n<testcase\n</testcase>\n<failure>\n<testcase name=>\n</testsuite>\n").subtests.size(), 1u);
  EXPECT_THAT(rows(junit("<testcase name=\"<x\">\n")), ElementsAre("1 fail <x: has no end"));
}

}  // namespace
}  // namespace bootrig
