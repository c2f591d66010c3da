#include "match/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootrig {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Matcher of_transcript(std::string_view text, Unexpected unexpected = Unexpected::kRefuse,
                      Order order = Order::kListed) {
  ExpectationsBuilder builder;
  const auto added = builder.add_transcript("t", text);
  EXPECT_TRUE(added) << to_text(added.error());
  builder.set_unexpected(unexpected);
  builder.set_order(order);
  return Matcher(builder.build());
}

struct Exchange {
  const char* expect;
  const char* send = nullptr;
};
Matcher of_steps(const std::vector<Exchange>& exchanges) {
  ExpectationsBuilder builder;
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    EXPECT_TRUE(builder.add_expect("s:/steps/" + std::to_string(i), exchanges[i].expect, std::nullopt));
    if (exchanges[i].send != nullptr) builder.add_send(exchanges[i].send);
  }
  return Matcher(builder.build());
}

std::vector<std::string> texts(const std::vector<SeenLine>& lines) {
  std::vector<std::string> texts;
  for (const SeenLine& line : lines) texts.push_back(line.text);
  return texts;
}

TEST(Matcher, FollowsATranscript) {
  Matcher matcher = of_transcript("one\ntwo\n");
  EXPECT_EQ(matcher.matched(), 0u);
  EXPECT_FALSE(matcher.boot_stage_over());
  EXPECT_EQ(matcher.completed_at(), std::nullopt);
  matcher.feed("one\r\nt");
  EXPECT_EQ(matcher.matched(), 1u);
  EXPECT_TRUE(matcher.boot_stage_over());
  EXPECT_EQ(matcher.divergence()->place, "t:2");
  EXPECT_FALSE(matcher.divergence()->final);
  matcher.feed("wo\nmore\n");
  EXPECT_EQ(matcher.matched(), 2u);
  EXPECT_EQ(matcher.completed_at(), 9u);
  EXPECT_FALSE(matcher.divergence()) << "nothing is awaited";
  EXPECT_EQ(matcher.lines(), 3u);
  EXPECT_EQ(matcher.bytes(), 14u);
}

// What a console says, and whether the transcript is completed (+), refused (!) or still open (?).
TEST(Matcher, TranscriptRules) {
  const struct {
    const char* transcript;
    const char* output;
    char end;
  } cases[] = {
      {"a\nb\n", "a\nb\n", '+'},
      {"a\nb\n", "a\nx\nb\n", '!'},
      {"a\nb\n", "x\na\nb\n", '!'},
      {"a\n\nb\n", "a\n\nb\n", '+'},
      {"a\n\nb\n", "a\nb\n", '!'},
      {"a\nb\n", "a\n", '?'},
      {"a\nb\n", "a\nb", '+'},  // the console's end ends its last line
      {"...\nb\n", "x\ny\nb\n", '+'},
      {"...\nb\n", "x\ny\n", '?'},
      {"a\n...\nc\n", "a\nc\n", '+'},
      {"a\n...\nc\n", "b\nc\n", '!'},
      {"a\n...\nb\nc\n...\nd\n", "a\nb\nx\nb\nc\ny\nd\n", '+'},
      {"a\n...\n", "a\nx\n", '+'},
      // A block is found wherever it begins, also within itself.
      {"...\na\na\nb\n", "a\na\na\nb\n", '+'},
      {"...\na\nb\na\nc\n", "a\nb\na\nb\na\nc\n", '+'},
      {"...\n\n\nx\n", "\n\n\n\nx\n", '+'},
      // Lines are compared whole, without '\r' and escapes.
      {"ab\n", "abc\n", '!'},
      {"ab\n", "\x1b[1mab\x1b[0m\r\r\n", '+'},
      {"a\rb\n", "a\rb\r\n", '+'},
      {"\x1b[1mab\x1b[0m\r\n", "ab\n", '+'},
      // Comments.
      {"# first\na\n# second\nb\n", "a\nb\n", '+'},
      {"{{re:#}} a\n", "# a\n", '+'},
      {"#a\n", "#a\n", '+'},
      // Placeholders.
      {"at {{hex}}.\n", "at 0x7fAB.\n", '+'},
      {"at {{hex}}.\n", "at 7fAB.\n", '+'},
      {"at {{hex}}.\n", "at 7g.\n", '!'},
      {"at {{hex}}.\n", "at 7f!\n", '!'},
      {"{{dec}} of {{dec}}\n", "12 of -3\n", '+'},
      {"{{dec}}\n", "0x1\n", '!'},
      {"<{{word}}>\n", "<a.b>\n", '+'},
      {"<{{word}}>\n", "<a b>\n", '!'},
      {"<{{any}}>\n", "<a b>\n", '+'},
      {"<{{any}}>\n", "<>\n", '+'},
      {"v{{re:[0-9]{2}}}\n", "v12\n", '+'},
      {"v{{re:[0-9]{2}}}\n", "v123\n", '!'},
      {"{{re:a|b}}c\n", "bc\n", '+'},
      {"{{re:\\{\\{}}x}}\n", "{{x}}\n", '+'},
      {"a.b\n", "axb\n", '!'},
      {"a.{{any}}\n", "axb\n", '!'},
      // A last line without a newline is a prompt.
      {"a\n=> ", "a\n=> ", '+'},
      {"a\n=> ", "a\n=> version\n", '+'},
      {"a\n=> ", "a\n=>\n", '!'},
      {"...\n=> ", "x\n\x1b[0m=> y", '+'},
      {"{{word:host}}:~# ", "qemu:~# ", '+'},
      // One that ends with a placeholder is not known before its line ends.
      {"pid {{dec:pid}}", "pid 123 x\n", '!'},
      {"pid {{dec:pid}}", "pid 123\n", '+'},
  };
  for (const auto& c : cases) {
    Matcher matcher = of_transcript(c.transcript);
    matcher.feed(c.output);
    matcher.finish();
    const char end = matcher.diverged() ? '!' : (matcher.completed_at() ? '+' : '?');
    EXPECT_EQ(end, c.end) << c.transcript << "---\n" << c.output;
  }
}

TEST(Matcher, ALineIsNoLineBeforeItEnds) {
  Matcher matcher = of_transcript("a\nb\n");
  matcher.feed("a\nb");
  EXPECT_EQ(matcher.matched(), 1u);
  matcher.finish();
  EXPECT_EQ(matcher.completed_at(), 3u);
  EXPECT_EQ(matcher.lines(), 2u);
}

TEST(Matcher, APromptMatchesInTheUnfinishedLine) {
  Matcher matcher = of_transcript("...\n{{word:host}}> ");
  matcher.feed("x\n\x1b[1mqemu\x1b[0m>");
  EXPECT_EQ(matcher.completed_at(), std::nullopt);
  matcher.feed(" ve");
  EXPECT_EQ(matcher.completed_at(), 16u);
  EXPECT_THAT(matcher.captures(), ElementsAre(Pair("host", "qemu")));
}

TEST(Matcher, CapturesBindAndConstrain) {
  const struct {
    const char* transcript;
    const char* output;
    bool completed;
  } cases[] = {
      {"base {{hex:base}}\nagain {{hex:base}}\n", "base 0x40\nagain 0x40\n", true},
      {"base {{hex:base}}\nagain {{hex:base}}\n", "base 0x40\nagain 0x41\n", false},
      {"base {{hex:base}}\nagain {{hex:base}}\n", "base 0x40\nagain 40\n", false},
      {"{{word:a}} {{word:a}}\n", "x x\n", true},
      {"{{word:a}} {{word:a}}\n", "x y\n", false},
      // The second line can be split in two ways; only one has the text that is bound.
      {"{{any:a}}\n{{any:a}} {{any:b}}\n", "x\nx y z\n", true},
      {"{{any:a}}\n{{any:a}} {{any:b}}\n", "w\nx y z\n", false},
      // A beginning that fails takes its captures with it.
      {"...\nbase {{hex:base}}\nsize {{hex:base}}\n", "base 1\nbase 2\nsize 2\n", true},
      {"...\nbase {{hex:base}}\nsize {{hex:base}}\n", "base 1\nbase 2\nsize 1\n", false},
      {"{{word:w}}\n...\nend {{word:w}}\n", "a+\nend b\nend a+\n", true},
      {"{{word:w}}\n...\n{{word:w}}> ", "a\nb> a> ", false},
      {"{{word:w}}\n...\n{{word:w}}> ", "a\nb> \na> ", true},
      // Groups inside a regular expression do not shift the names.
      {"{{re:(a)(b)?}} {{word:w}}\n{{word:w}}\n", "ab x\nx\n", true},
  };
  for (const auto& c : cases) {
    Matcher matcher = of_transcript(c.transcript);
    matcher.feed(c.output);
    matcher.finish();
    EXPECT_EQ(matcher.completed_at().has_value(), c.completed) << c.transcript << "---\n" << c.output;
  }
}

TEST(Matcher, CapturesAreKnownWhenTheirBlockIsComplete) {
  Matcher matcher = of_transcript("...\nbase {{hex:base}}\nsize {{dec:size}} {{word:unit-2}}\n");
  matcher.feed("base 0x40\n");
  EXPECT_THAT(matcher.captures(), IsEmpty());
  matcher.feed("size 12 MiB\n");
  EXPECT_THAT(matcher.captures(), ElementsAre(Pair("base", "0x40"), Pair("size", "12"), Pair("unit-2", "MiB")));
}

TEST(Matcher, UnexpectedLinesMayBeAllowed) {
  Matcher matcher = of_transcript("a\nb\n", Unexpected::kAllow);
  matcher.feed("x\na\ny\nb\n");
  EXPECT_EQ(matcher.completed_at(), 8u);
}

TEST(Matcher, AnyOrderTakesEachLineOnce) {
  const struct {
    const char* transcript;
    const char* output;
    std::size_t matched;
    bool completed;
  } cases[] = {
      {"a\nb\n", "b\nx\na\n", 2, true},
      {"a\na\nb\n", "a\nb\n", 2, false},
      {"a\na\nb\n", "a\nb\na\n", 3, true},
      {"{{any}}\na\n", "a\nb\n", 2, true},  // literal lines first
      {"cpu {{dec:n}}\nup {{dec:n}}\n", "up 1\ncpu 2\ncpu 1\n", 2, true},
      {"a\n=> ", "a\n=> ", 2, true},
      {"=> x\n=> ", "=> x\n=> x\n", 2, true},  // the prompt takes the first, and not twice
      {"=> x\n=> ", "=> x\n", 1, false},
  };
  for (const auto& c : cases) {
    Matcher matcher = of_transcript(c.transcript, Unexpected::kRefuse, Order::kAny);
    matcher.feed(c.output);
    EXPECT_EQ(matcher.matched(), c.matched) << c.transcript << "---\n" << c.output;
    EXPECT_EQ(matcher.completed_at().has_value(), c.completed) << c.transcript << "---\n" << c.output;
    EXPECT_FALSE(matcher.diverged());
  }
}

TEST(Matcher, ARefusedLineIsShownWithItsNeighbours) {
  Matcher matcher = of_transcript("1\n2\n3\n4\n5\n");
  matcher.feed("1\n2\n3\n4\nfive\n6\n7");
  EXPECT_TRUE(matcher.diverged());
  auto divergence = matcher.divergence().value();
  EXPECT_TRUE(divergence.final);
  EXPECT_EQ(divergence.place, "t:5");
  EXPECT_EQ(divergence.expected, "5");
  EXPECT_EQ(divergence.seen->text, "five");
  EXPECT_EQ(divergence.seen->number, 5u);
  EXPECT_EQ(divergence.seen->offset, 13u);
  EXPECT_THAT(texts(divergence.before), ElementsAre("2", "3", "4"));
  EXPECT_THAT(texts(divergence.after), ElementsAre("6", "7"));
  matcher.feed("\n8\n9\n5\n");
  EXPECT_THAT(texts(matcher.divergence()->after), ElementsAre("6", "7", "8"));
  EXPECT_EQ(matcher.matched(), 4u) << "what follows a refused line counts no more";
  EXPECT_EQ(matcher.completed_at(), std::nullopt);
}

// Behind "..." nothing is refused for good, but the line in the wrong place is the one to show.
TEST(Matcher, ALineThatComesTooLateIsShownWithWhatCameInstead) {
  Matcher matcher = of_transcript("...\nfirst\nsecond\nthird\n");
  matcher.feed("zero\nfirst\nthird\nsecond\n");
  const auto divergence = matcher.divergence().value();
  EXPECT_EQ(divergence.expected, "second");
  ASSERT_TRUE(divergence.seen);
  EXPECT_EQ(divergence.seen->text, "third");
  EXPECT_EQ(divergence.seen->number, 3u);
}

TEST(Matcher, AMissingLineIsShownWithTheNearestSpelling) {
  Matcher matcher = of_transcript("...\nkernel entered at {{hex:entry}}\n");
  matcher.feed("a\nb\nc\nkernal entered at 0x40\nd\ne\nf\ng\n");
  auto divergence = matcher.divergence().value();
  EXPECT_FALSE(divergence.final);
  EXPECT_EQ(divergence.expected, "kernel entered at {{hex:entry}}");
  EXPECT_EQ(divergence.seen->text, "kernal entered at 0x40");
  EXPECT_THAT(texts(divergence.before), ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts(divergence.after), ElementsAre("d", "e", "f"));
}

TEST(Matcher, AMissingLineWithoutOneLikeItShowsTheConsolesEnd) {
  Matcher matcher = of_transcript("...\nkernel entered\n");
  matcher.feed("a\nb\nc\nd\ne");
  auto divergence = matcher.divergence().value();
  EXPECT_FALSE(divergence.seen);
  EXPECT_THAT(texts(divergence.before), ElementsAre("c", "d", "e"));
  EXPECT_THAT(divergence.after, IsEmpty());
}

TEST(Matcher, TheFurthestPointIsReported) {
  Matcher matcher = of_transcript("...\nfirst\nsecond\nthird\n");
  matcher.feed("first\nsecond\nx\nfirst\ny\n");
  EXPECT_EQ(matcher.matched(), 2u);
  EXPECT_EQ(matcher.divergence()->expected, "third");
}

TEST(Matcher, StepsFollowEachOther) {
  Matcher matcher = of_steps({{"=> ", "version\n"}, {"re:U-Boot [0-9.]+", nullptr}, {"=> ", "reset\n"}});
  EXPECT_EQ(matcher.take_send(), "");
  matcher.feed("U-Boot 2023\n=> ");
  EXPECT_EQ(matcher.matched(), 1u);
  EXPECT_EQ(matcher.take_send(), "version\n");
  EXPECT_EQ(matcher.take_send(), "") << "once";
  matcher.feed("version\nU-Boot 2024.01 aarch64\n=>");
  EXPECT_EQ(matcher.matched(), 2u);
  EXPECT_EQ(matcher.divergence()->place, "s:/steps/2");
  matcher.feed(" ");
  EXPECT_EQ(matcher.completed_at(), matcher.bytes());
  EXPECT_EQ(matcher.take_send(), "reset\n");
}

TEST(Matcher, StepRules) {
  const struct {
    std::vector<Exchange> steps;
    const char* output;
    std::optional<std::uint64_t> completed_at;
  } cases[] = {
      {{{"ab"}, {"ab"}}, "abab", 4},            // in the line's rest
      {{{"ab"}, {"ba"}}, "aba", std::nullopt},  // not within what matched before
      {{{"a\nb"}}, "a\nb", std::nullopt},       // not across lines
      {{{"re:a.*b"}}, "a\nb", std::nullopt},
      {{{"re:a+"}}, "xaaa", 2},              // the earliest byte
      {{{"re:a+$"}}, "xaaa", std::nullopt},  // the line's end is not known yet
      {{{"re:a+$"}}, "xaaa\r\n", 4},
      {{{"re:^b"}}, "ab", std::nullopt},
      {{{"a"}, {"re:^b"}}, "ab\nb", 4},
      {{{"ab"}}, "a\x1b[1mb\x1b[0m", 6},
      {{{"re:x*"}}, "", 0},
      {{{"re:x*"}}, "abc", 0},
      {{{"re:x*"}, {"b"}}, "ab", 2},  // a step that took nothing leaves all to the next
      {{}, "abc", 0},
  };
  for (const auto& c : cases) {
    Matcher matcher = of_steps(c.steps);
    matcher.feed(c.output);
    EXPECT_EQ(matcher.completed_at(), c.completed_at) << c.output;
  }
}

TEST(Matcher, SendsBeforeTheFirstExpectAreDueAtOnce) {
  ExpectationsBuilder builder;
  builder.add_send("a");
  builder.add_send("b");
  ASSERT_TRUE(builder.add_expect("s", "x", std::chrono::seconds(2)));
  Matcher matcher(builder.build());
  EXPECT_EQ(matcher.take_send(), "ab");
  EXPECT_EQ(matcher.step_timeout(), std::chrono::seconds(2));
  matcher.feed("x");
  EXPECT_EQ(matcher.step_timeout(), std::nullopt);
}

TEST(Matcher, AStepThatIsNotSeenShowsWhatIsLikeIt) {
  Matcher matcher = of_steps({{"login:"}});
  matcher.feed("Debian\nqemu logim: ");
  EXPECT_EQ(matcher.divergence()->seen->text, "qemu logim: ");
  EXPECT_EQ(matcher.divergence()->seen->number, 2u);
}

TEST(Matcher, TheBootStageEndsWithItsLine) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.set_boot_until("s", "re:kernel: .* entered$"));
  ASSERT_TRUE(builder.add_transcript("t", "...\nloader\n"));
  Matcher matcher(builder.build());
  matcher.feed("loader\nkernel: el1 entered");
  EXPECT_EQ(matcher.matched(), 1u);
  EXPECT_FALSE(matcher.boot_stage_over());
  matcher.feed("\r\n");
  EXPECT_TRUE(matcher.boot_stage_over());
}

// The boot stage ends and a signature hits, in each order and in one line.
TEST(Matcher, TheBootStageAndAHitAreIndependent) {
  for (const char* output : {"entered\nforbidden\n", "forbidden\nentered\n", "forbidden entered\n"}) {
    ExpectationsBuilder builder;
    ASSERT_TRUE(builder.set_boot_until("s", "entered"));
    ASSERT_TRUE(builder.add_forbidden("s", "forbidden"));
    Matcher matcher(builder.build());
    matcher.feed(output);
    EXPECT_TRUE(matcher.boot_stage_over()) << output;
    EXPECT_TRUE(matcher.hit()) << output;
  }
}

TEST(Matcher, TheFirstHitIsKept) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_forbidden("s", "re:Caught .* fault$"));
  ASSERT_TRUE(builder.add_transcript("t", "ready\n"));
  Matcher matcher(builder.build());
  matcher.feed("ready\nfine\nCaught a \x1b[1mvm\x1b[0m fault\r\nKernel panic - not syncing: x\n");
  ASSERT_TRUE(matcher.hit());
  EXPECT_EQ(matcher.hit()->name, "forbid:re:Caught .* fault$");
  EXPECT_TRUE(matcher.hit()->forbidden);
  EXPECT_EQ(matcher.hit()->line.text, "Caught a vm fault");
  EXPECT_EQ(matcher.hit()->line.number, 3u);
  EXPECT_EQ(matcher.hit()->line.offset, 38u);
  EXPECT_EQ(matcher.completed_at(), 6u) << "a hit does not undo what matched";
}

TEST(Matcher, AHitNeedsItsLinesEnd) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_forbidden("s", "a.b"));
  Matcher matcher(builder.build());
  matcher.feed("axb\nx a.b");
  EXPECT_FALSE(matcher.hit());
  matcher.finish();
  EXPECT_EQ(matcher.hit()->line.offset, 9u);
}

TEST(Matcher, KeepsTheLastLines) {
  Matcher matcher(ExpectationsBuilder().build());
  EXPECT_THAT(matcher.last_lines(3), IsEmpty());
  for (int i = 1; i <= 200; ++i) matcher.feed(std::to_string(i) + "\r\n");
  EXPECT_THAT(texts(matcher.last_lines(2)), ElementsAre("199", "200"));
  matcher.feed("\x1b[1mtail\r");
  EXPECT_THAT(texts(matcher.last_lines(2)), ElementsAre("200", "tail"));
  EXPECT_EQ(matcher.last_lines(100).size(), 8u);
  EXPECT_EQ(matcher.last_lines(1)[0].number, 201u);
  EXPECT_EQ(matcher.last_lines(1)[0].offset, matcher.bytes());
  EXPECT_EQ(matcher.lines(), 200u);
}

TEST(Matcher, ALineOfTwelveMegabytes) {
  Matcher matcher = of_steps({{"first"}, {"re:second$"}, {"third"}});
  matcher.feed("first ");
  const std::string part(1000, 'x');
  for (int i = 0; i < 12'000; ++i) matcher.feed(part);
  EXPECT_EQ(matcher.matched(), 1u);
  EXPECT_EQ(matcher.last_lines(1)[0].text.size(), 1024u);
  matcher.feed("second\nsecond\nKernel panic - not syncing\nthird");
  EXPECT_EQ(matcher.matched(), 3u);
  EXPECT_EQ(matcher.lines(), 3u);
  EXPECT_EQ(matcher.hit()->line.number, 3u);
  EXPECT_EQ(matcher.completed_at(), matcher.bytes());
}

TEST(Matcher, ALineIsMatchedOnItsFirst64KiB) {
  const std::string head(64 * 1024 - 6, 'x');
  for (const char* end : {"forbid", " forbid"}) {
    ExpectationsBuilder builder;
    ASSERT_TRUE(builder.add_forbidden("s", "forbid"));
    Matcher matcher(builder.build());
    matcher.feed(head + end + "\n");
    EXPECT_EQ(matcher.hit().has_value(), end[0] == 'f');
  }
}

TEST(Matcher, APromptBehindALongUnfinishedLineIsFoundWhenTheLineEnds) {
  Matcher matcher = of_steps({{"=> "}});
  matcher.feed(std::string(5000, '.'));
  matcher.feed("=> ");
  EXPECT_EQ(matcher.completed_at(), std::nullopt);
  matcher.feed("\n");
  EXPECT_EQ(matcher.completed_at(), 5003u);
}

TEST(Matcher, FinishIsOnce) {
  Matcher matcher(ExpectationsBuilder().build());
  matcher.feed("a\n\r");
  matcher.finish();
  matcher.finish();
  EXPECT_EQ(matcher.lines(), 1u) << "a lone '\\r' is no line";
  EXPECT_DEATH(matcher.feed("x"), "finished");
}

}  // namespace
}  // namespace bootrig
