#include "match/expectations.h"

#include <gtest/gtest.h>

#include "match/matcher.h"

namespace bootrig {
namespace {

std::string transcript_error(std::string_view text) {
  ExpectationsBuilder builder;
  const auto result = builder.add_transcript("boot.transcript", text);
  return result ? "" : to_text(result.error());
}

TEST(Transcript, RefusesWithPlaceAndReason) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"", "boot.transcript: the transcript holds no line to expect"},
      {"# only a comment\n", "boot.transcript: the transcript holds no line to expect"},
      {"...\n", "boot.transcript: the transcript holds a gap ('...') and no line to expect"},
      {"a\n...\n# why\n...\nb\n", "boot.transcript:4: two gaps ('...') in a row; one lets any number of lines pass"},
      {"a\nbase {{hex:base\n",
       "boot.transcript:2: '{{' opens a placeholder that no '}}' closes; for the two characters "
       "themselves write "
       "{{re:\\{\\{}}"},
      {"{{hx:base}}\n",
       "boot.transcript:1: '{{hx:base}}': there is no placeholder 'hx', only 'hex', 'dec', 'word', "
       "'any' or 're'; "
       "did you mean 'hex'?"},
      {"{{}}\n",
       "boot.transcript:1: '{{}}': there is no placeholder '', only 'hex', 'dec', 'word', 'any' or "
       "'re'"},
      {"{{re:[}}\n", "boot.transcript:1: '{{re:[}}': missing ]: ["},
      {"{{re:a)(b}}\n", "boot.transcript:1: '{{re:a)(b}}': unexpected ): a)(b"},
      {"{{re:}}\n", "boot.transcript:1: '{{re:}}': the regular expression is empty"},
      {"{{re}}\n", "boot.transcript:1: '{{re}}': the regular expression is empty"},
      {"{{hex:Base}}\n",
       "boot.transcript:1: '{{hex:Base}}': a name begins with a letter a-z and holds a-z, 0-9 and "
       "'-'"},
      {"{{any:}}\n", "boot.transcript:1: '{{any:}}': a name begins with a letter a-z and holds a-z, 0-9 and '-'"},
      {"{{hex:base}}\n\n{{dec:base}}\n",
       "boot.transcript:3: '{{dec:base}}': 'base' is a 'hex' in boot.transcript:1; a name has one "
       "kind"},
      {"{{any:x}} {{any:x}}\n", "boot.transcript:1: '{{any:x}}': an 'any' cannot stand twice in one line; take 'word'"},
  };
  for (const auto& c : cases) EXPECT_EQ(transcript_error(c.text), c.error) << c.text;
}

TEST(Transcript, Accepts) {
  for (const char* text : {"a\n", "a", "\n", "...\na\n...\n", "#x\n", "{{re:a{2}}}\n", "{{re:\\{\\{}}\n", "}}\n",
                           "{{hex}} {{dec:a-1}} {{word:w}} {{word:w}}\n", "a\r\nb\r\n"}) {
    EXPECT_EQ(transcript_error(text), "") << text;
  }
}

TEST(Transcript, CountsLinesThatMustMatch) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_transcript("t", "# comment\na\n\n...\nb\n...\n"));
  EXPECT_EQ(expectation_count(*builder.build()), 3u);
}

TEST(Steps, CountsExpectsAlone) {
  ExpectationsBuilder builder;
  builder.add_send("\n");
  ASSERT_TRUE(builder.add_expect("s:/steps/1", "=> ", std::nullopt));
  EXPECT_EQ(expectation_count(*builder.build()), 1u);
}

TEST(Patterns, RefusesWithPlaceAndReason) {
  ExpectationsBuilder builder;
  EXPECT_EQ(to_text(builder.add_forbidden("s:/forbid/0", "re:(").error()),
            "s:/forbid/0: 're:(' is no regular expression: missing ): (");
  EXPECT_EQ(to_text(builder.add_forbidden("s:/forbid/1", "").error()),
            "s:/forbid/1: the pattern is empty; it would match every line");
  EXPECT_EQ(to_text(builder.add_expect("s:/steps/0", "re:", std::nullopt).error()),
            "s:/steps/0: the regular expression after 're:' is empty");
  EXPECT_EQ(to_text(builder.set_boot_until("s:/boot/until", "re:*").error()),
            "s:/boot/until: 're:*' is no regular expression: no argument for repetition operator: *");
}

TEST(Patterns, TranscriptOrSteps) {
  ExpectationsBuilder steps;
  ASSERT_TRUE(steps.add_expect("s:/steps/0", "x", std::nullopt));
  EXPECT_EQ(to_text(steps.add_transcript("t", "x\n").error()), "t: a scenario has a transcript or steps, not both");
  ExpectationsBuilder transcript;
  ASSERT_TRUE(transcript.add_transcript("t", "x\n"));
  EXPECT_EQ(to_text(transcript.add_expect("s:/steps/0", "x", std::nullopt).error()),
            "s:/steps/0: a scenario has a transcript or steps, not both");
  EXPECT_EQ(to_text(transcript.add_transcript("u", "x\n").error()), "u: a scenario has one transcript, not two");
}

TEST(Signatures, DisarmKnowsTheNames) {
  ExpectationsBuilder builder;
  EXPECT_EQ(to_text(builder.disarm("s:/signatures/disarm/0", "linux-pnic").error()),
            "s:/signatures/disarm/0: there is no signature 'linux-pnic'; did you mean 'linux-panic'?");
  ASSERT_TRUE(builder.disarm("s", "linux-panic"));
  Matcher matcher(builder.build());
  matcher.feed("Kernel panic - not syncing: x\n");
  EXPECT_FALSE(matcher.hit());
}

// Together too large for one program of RE2: each line is then looked at by itself.
TEST(Patterns, ManyLargeOnesStillMatch) {
  ExpectationsBuilder builder;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(builder.add_forbidden("s", "re:" + std::to_string(i) + "(?:[a-f][0-9]){900}x"));
  }
  ASSERT_TRUE(builder.add_forbidden("s", "the last one"));
  Matcher matcher(builder.build());
  matcher.feed("fine\nthis is the last one\n");
  ASSERT_TRUE(matcher.hit());
  EXPECT_EQ(matcher.hit()->name, "forbid:the last one");
  EXPECT_EQ(matcher.hit()->line.number, 2u);
}

}  // namespace
}  // namespace bootrig
