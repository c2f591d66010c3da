#include "match/alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "match/sample.h"

namespace bootrig {
namespace {

using testing::ElementsAre;

std::shared_ptr<const Expectations> transcript(std::string_view text, Order order = Order::kListed) {
  ExpectationsBuilder builder;
  EXPECT_TRUE(builder.add_transcript("t", text).has_value());
  builder.set_order(order);
  return builder.build();
}

// "t:2 line 4 'took'"
std::vector<std::string> aligned(const Expectations& expectations, std::string_view console) {
  std::vector<std::string> rows;
  for (const MetExpectation& met : align(expectations, console)) {
    rows.push_back(met.place + " line " + std::to_string(met.line) + " '" +
                   std::string(console.substr(met.begin, met.end - met.begin)) + "'");
  }
  return rows;
}

TEST(Alignment, TellsTheLinesOfABlockThatWasFoundLate) {
  const auto expectations = transcript("up\n...\na\nb\n");
  EXPECT_THAT(aligned(*expectations, "up\na\nx\na\r\nb\n"),
              ElementsAre("t:1 line 1 'up'", "t:3 line 4 'a'", "t:4 line 5 'b'"));
  const auto met = align(*expectations, "up\na\nb\n");
  ASSERT_EQ(met.size(), 3u);
  EXPECT_FALSE(met[1].follows);
  EXPECT_TRUE(met[2].follows);
}

TEST(Alignment, TellsWhichLineMetWhatInAnyOrder) {
  EXPECT_THAT(aligned(*transcript("n {{dec}}\nn 1\n", Order::kAny), "x\nn 1\nn 2\n"),
              ElementsAre("t:2 line 2 'n 1'", "t:1 line 3 'n 2'"));
}

TEST(Alignment, TellsWhereEachPartStands) {
  const std::string console = "at 0x10, (b) 0x10\n";
  const auto met = align(*transcript("at {{hex:x}}, {{re:\\((a|b)\\)}} {{hex:x}}\n"), console);
  ASSERT_EQ(met.size(), 1u);
  std::vector<std::string> parts;
  for (const match::LinePart& part : met[0].parts) {
    parts.push_back(part.kind + ":" + part.name + "=" + console.substr(part.begin, part.end - part.begin));
  }
  EXPECT_THAT(parts, ElementsAre(":=at ", "hex:x=0x10", ":=, ", "re:=(b)", ":= ", "hex:x=0x10"));
}

TEST(Alignment, TellsWhatAStepTook) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_expect("s:0", "=> ", std::nullopt).has_value());
  builder.add_send("v\n");
  ASSERT_TRUE(builder.add_expect("s:2", "re:v[0-9]", std::nullopt).has_value());
  EXPECT_THAT(aligned(*builder.build(), "boot\n=> v\nis v1."), ElementsAre("s:0 line 2 '=> '", "s:2 line 3 'is v1'"));
}

TEST(Alignment, APromptTakesItsTextAlone) {
  EXPECT_THAT(aligned(*transcript("up\n=> "), "up\n=> version"), ElementsAre("t:1 line 1 'up'", "t:2 line 2 '=> '"));
}

TEST(Sample, OneForEachDefaultSignature) {
  ExpectationsBuilder builder;
  EXPECT_EQ(watched_samples(*builder.build()).size(), default_signatures().size());
}

TEST(Sample, OfPatterns) {
  const auto sample = [](std::string_view pattern) {
    const auto parsed = match::TextPattern::parse("p", pattern);
    EXPECT_TRUE(parsed.has_value());
    return match::sample_line(*parsed).value_or("none");
  };
  EXPECT_EQ(sample("plain (text)"), "plain (text)");
  EXPECT_EQ(sample("re:^a(?:b|c)+ [^0-9]{2,3}d?e*f$"), "ab aaf");
  EXPECT_EQ(sample("re:(?i)x\\.y\\d{3}"), "x.y000");
  EXPECT_EQ(sample("re:[[:space:]]\\[(?P<n>.)]"), " [x]");
  EXPECT_EQ(sample("re:\\bend\\b"), "end");
  EXPECT_EQ(sample("re:\\Qa+b\\E"), "none");
}

}  // namespace
}  // namespace bootrig
