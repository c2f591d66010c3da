// Steps that check what they captured, and the echoes of what they sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "match/matcher.h"

namespace bootrig {
namespace {

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

CaptureCheck number_check(std::uint64_t at_least, std::uint64_t at_most) {
  return {"s:/steps/0/check/n", "n", {}, at_least, at_most};
}

TEST(Matcher, ACheckedMatchGoesOn) {
  const struct {
    const char* expect;
    const char* output;
    const char* captured;  // null: not known yet
    std::optional<std::uint64_t> completed_at;
  } cases[] = {
      {"re:n=(?P<n>[0-9]+)", "n=51", nullptr, {}},  // another digit may come
      {"re:n=(?P<n>[0-9]+)", "n=512 MiB", "512", 5},  {"re:n=(?P<n>[0-9]+)", "n=512\r\n", "512", 5},
      {"re:n=(?P<n>[0-9]+)> ", "n=51> ", "51", 6},  // a prompt: nothing can follow that belongs to it
      {"re:n=(?P<n>[0-9]+)> ?", "n=51> ", "51", 6},   {"re:n=(?P<n>[0-9]+)> ?", "n=51>", nullptr, {}},
      {"re:n=(?P<n>[0-9]+)\\b", "n=51", nullptr, {}}, {"re:n=(?P<n>[0-9]+).*", "n=512 MiB\n", "512", 9},
      {"re:(?P<n>[0-9])", "x 51 x", "5", 3},          {"re:(?:x|n=(?P<n>[0-9]+))y?z", "n=7z\n", "7", 4},
  };
  for (const auto& c : cases) {
    ExpectationsBuilder builder;
    ASSERT_TRUE(builder.add_expect("s:/steps/0", c.expect, std::nullopt, {number_check(1, 1000)}));
    Matcher matcher(builder.build());
    matcher.feed(c.output);
    EXPECT_EQ(matcher.completed_at(), c.completed_at) << c.expect << " " << c.output;
    std::map<std::string, std::string> captures;
    if (c.captured != nullptr) captures["n"] = c.captured;
    EXPECT_EQ(matcher.captures(), captures) << c.expect << " " << c.output;
    EXPECT_FALSE(matcher.diverged());
  }
}

TEST(Matcher, AFailedCheckRefuses) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_expect("s:/steps/0", "re:n=(?P<n>[0-9]+)", std::nullopt, {number_check(900, 1024)}));
  ASSERT_TRUE(builder.add_expect("s:/steps/1", "end", std::nullopt));
  Matcher matcher(builder.build());
  matcher.feed("first\nRAM n=512 M");
  ASSERT_TRUE(matcher.diverged());
  matcher.feed("iB\nbehind\nend");
  const Divergence divergence = *matcher.divergence();
  EXPECT_TRUE(divergence.final);
  EXPECT_EQ(divergence.place, "s:/steps/0/check/n");
  EXPECT_EQ(divergence.expected, "900 to 1024");
  EXPECT_EQ(divergence.captured, "512");
  EXPECT_EQ(divergence.seen->text, "RAM n=512 MiB") << "the whole line, also what came later";
  EXPECT_THAT(texts(divergence.before), testing::ElementsAre("first"));
  EXPECT_THAT(texts(divergence.after), testing::ElementsAre("behind", "end"));
  EXPECT_EQ(matcher.matched(), 0u);
  EXPECT_EQ(matcher.completed_at(), std::nullopt);
}

TEST(Matcher, AGroupThatTookNoPartIsEmpty) {
  ExpectationsBuilder builder;
  ASSERT_TRUE(builder.add_expect("s:/steps/0", "re:x|n=(?P<n>[0-9]+)", std::nullopt, {number_check(1, 9)}));
  Matcher matcher(builder.build());
  matcher.feed("an x\n");
  EXPECT_TRUE(matcher.diverged());
  EXPECT_EQ(matcher.divergence()->captured, "");
}

// The echo of a sent line is not the answer to it.
TEST(Matcher, EchoesAreNoAnswers) {
  const struct {
    const char* sent;
    const char* expect;
    const char* output;  // behind the prompt "=> "
    bool met;
  } cases[] = {
      {"version\n", "version", "version\r\n", false},
      {"version\n", "version", "version\r\nversion 2\r\n", true},
      {"version\r", "version", "version", false},  // may be the echo
      {"version\n", "ver", "ver", false},
      {"version\n", "ver", "verbose", true},          // was none
      {"version\n", "version", "version 2\n", true},  // nor was this
      {"version\n", "version", "the version\n", true},
      {"version\n", "version", "   version\n", false},
      {"version\n", "version", "\x1b[6nversion\x1b[J\r\n", false},
      {"version\n", "version", "[    1.2] noise\nversion\r\n", false},  // a message came between
      {"version\n", "version", "version\n=> version\n", true},          // once
      {"a\nb\n", "b", "a\nb\n", true},                                  // only the first line's
      {"y", "y", "y", true},                                            // a key
      {"\n", "=> ", "\r\n=> ", true},
      {"echo 6\r", "re:6", "echo 6\r\n", false},
      {"echo 6\r", "re:6", "echo 6\r\n6\r\n", true},
  };
  for (const auto& c : cases) {
    for (const bool at_once : {true, false}) {
      Matcher matcher = of_steps({{"=> ", c.sent}, {c.expect}});
      const std::string output = std::string("=> ") + c.output;
      if (at_once) matcher.feed(output);
      for (const char byte : at_once ? std::string() : output) matcher.feed({&byte, 1});
      EXPECT_EQ(matcher.completed_at().has_value(), c.met) << c.expect << " in " << c.output;
    }
  }
}

TEST(Matcher, AGuestWithoutEchoAnswersWithTheLineItself) {
  ExpectationsBuilder builder;
  builder.add_send("ping\n", /*echoed=*/false);
  ASSERT_TRUE(builder.add_expect("s", "ping", std::nullopt));
  Matcher matcher(builder.build());
  matcher.feed("ping\n");
  EXPECT_TRUE(matcher.completed_at().has_value());
}

// U-Boot 2023.01 counts down with backspaces; busybox's shell asks for the cursor's position behind its prompt.
TEST(Matcher, RealConsolesMoveTheirCursor) {
  Matcher u_boot = of_steps({{"autoboot:  2", "\r"}, {"=> ", "bdinfo\r"}, {"re:^baudrate +=", nullptr}});
  u_boot.feed(
      "Hit any key to stop autoboot:  2 \b\b\b 1 \b\b\b 0 \r\n=> bdinfo\r\nboot_params = 0x0\r\nbaudrate    = ");
  EXPECT_TRUE(u_boot.completed_at().has_value());
  Matcher busybox = of_steps({{"re:^/ # ", "uname\n"}, {"re:^Linux$"}, {"re:^/ # "}});
  busybox.feed("\r\n\r\n/ # \x1b[6nuname\r\nLinux\r\n/ # \x1b[6n");
  EXPECT_TRUE(busybox.completed_at().has_value());
}

}  // namespace
}  // namespace bootrig
