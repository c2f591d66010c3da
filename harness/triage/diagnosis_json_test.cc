#include "triage/diagnosis_json.h"

#include <gtest/gtest.h>

#include "triage/diagnosis_samples_test.h"

namespace bootrig {
namespace {

// Every value of the sample differs from every other: a member that is read into another's place is seen.
TEST(DiagnosisJson, EveryFieldComesBack) {
  const std::string text = write_json(to_json(full_diagnosis()));
  const auto back = diagnosis_from_json(parse_json("test", text).value());
  ASSERT_TRUE(back) << to_text(back.error());
  EXPECT_EQ(write_json(to_json(*back)), text);
  EXPECT_EQ(back->walk.size(), 2u);
  EXPECT_EQ(back->walk[1].descriptor, 0xffff'ffff'ffff'fff1u);  // no bit is lost above the 53rd
  EXPECT_EQ(back->exception->predicted_esr, full_diagnosis().exception->predicted_esr);
}

TEST(DiagnosisJson, WhatIsNotKnownStaysAway) {
  Diagnosis plain;
  plain.headline = "nothing much";
  const std::string text = write_json(to_json(plain));
  const auto back = diagnosis_from_json(parse_json("test", text).value());
  ASSERT_TRUE(back) << to_text(back.error());
  EXPECT_FALSE(back->cause || back->exception);
  EXPECT_EQ(write_json(to_json(*back)), text);
}

// What each member must be, by something else in its place: an error that names it, never a crash or a default.
TEST(DiagnosisJson, HostileMembersAreErrors) {
  const std::string good = write_json(to_json(full_diagnosis()));
  const std::pair<std::string, std::string> changes[] = {
      {R"("headline":)", R"("heading":)"},
      {R"("findings":[)", R"("findings":[7,)"},
      {R"("root-cause":{)", R"("root-cause":[],"unused":{)"},
      {R"("taken-to":1)", R"("taken-to":4)"},
      {R"("taken-to":1)", R"("taken-to":1.5)"},
      {R"("esr":"0x86000004")", R"("esr":"86000004h")"},
      {R"("far":"0xffffff8040000000")", R"("far":18446743523953737728)"},
      {R"("stage":1)", R"("stage":3)"},
      {R"("level":0)", R"("level":-2)"},
      {R"("index":511)", R"("index":-1)"},
      {R"("descriptor":"0x0")", R"("descriptor":"0x10000000000000000")"},
      {R"("cpus":[)", R"("cpus":[null,)"},
      {R"("code":[)", R"("code":{},"unused":[)"},
      {R"("backtrace":[)", R"("backtrace":[{},)"}};
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    const auto value = parse_json("test", bad);
    ASSERT_TRUE(value) << bad;
    EXPECT_FALSE(diagnosis_from_json(*value)) << bad;
  }
  for (const char* text : {"null", "[]", "{}", "\"x\""}) {
    EXPECT_FALSE(diagnosis_from_json(parse_json("test", text).value())) << text;
  }
}

}  // namespace
}  // namespace bootrig
