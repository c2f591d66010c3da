// Any split of the same bytes gives the same facts: random expectations, random consoles, random
// splits, seeds fixed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "match/matcher.h"

namespace bootrig {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t count) {
  return random() % count;
}

template <std::size_t N>
std::string_view pick(Random& random, const std::string_view (&choices)[N]) {
  return choices[below(random, N)];
}

constexpr std::string_view kTranscriptLines[] = {
    "a", "b", "ab", "", "...", "n {{dec:n}}", "m {{dec:n}}", "{{word:w}}", "{{any}}b", "{{re:a|b$}}", "x{{hex:h}}",
};
constexpr std::string_view kPatterns[] = {
    "a", "b", "ab", "re:a+$", "re:^b", "re:\\bab\\b", "re:b.?a", "re:x*", "n 1", "re:[0-9]+", "re:\\Ax", "re:^$",
};
constexpr std::string_view kChecked[] = {
    "re:n (?P<n>[0-9]+)", "re:(?P<n>[12]*)a?b", "re:(?P<n>[0-9]+)$", "re:(?:a\\b|m )(?P<n>[0-9]*)\\b", "re:x*(?P<n>.)+",
};
constexpr std::string_view kSent[] = {"a", "ab", "n 1", "aab", "x"};
constexpr std::string_view kConsoleParts[] = {
    "a",        "b",
    "ab",       "x",
    "n 1",      "m 1",
    "m 2",      "xff",
    "\n",       "\n",
    "\n",       "\r\n",
    "\r",       "\x1b[1m",
    "\x1b[",    "\x1b",
    "m",        "\x1b]0;t\x07",
    "\x1b]",    std::string_view("\0", 1),
    "\xff\xfe", " ",
    "\b",       "Kernel panic - not syncing\n",
};

std::shared_ptr<const Expectations> random_expectations(Random& random) {
  ExpectationsBuilder builder;
  if (below(random, 2) == 0) {
    std::string text;
    for (std::size_t i = 0; i < 1 + below(random, 5); ++i) text += fmt::format("{}\n", pick(random, kTranscriptLines));
    if (below(random, 2) == 0) text.pop_back();
    (void)builder.add_transcript("t", text);  // a refused one leaves nothing to expect, which is a case as well
  } else {
    for (std::size_t i = 0; i < below(random, 5); ++i) {
      if (below(random, 3) == 0) builder.add_send(fmt::format("{}\n", pick(random, kSent)));
      const bool checked = below(random, 3) == 0;
      std::vector<CaptureCheck> checks;
      if (checked) checks.push_back({fmt::format("s:{}/n", i), "n", {}, below(random, 3), 1000});
      EXPECT_TRUE(builder.add_expect(fmt::format("s:{}", i), checked ? pick(random, kChecked) : pick(random, kPatterns),
                                     std::chrono::seconds(i), std::move(checks)));
    }
  }
  if (below(random, 2) == 0) (void)builder.add_forbidden("s", pick(random, kPatterns));
  if (below(random, 2) == 0) (void)builder.set_boot_until("s", pick(random, kPatterns));
  if (below(random, 3) == 0) builder.set_unexpected(Unexpected::kAllow);
  if (below(random, 4) == 0) builder.set_order(Order::kAny);
  return builder.build();
}

std::string random_console(Random& random) {
  std::string bytes;
  const std::size_t parts = below(random, 60);
  for (std::size_t i = 0; i < parts; ++i) bytes += pick(random, kConsoleParts);
  // At times a line longer than what is looked at of an unfinished line, or of any line.
  if (below(random, 20) == 0) bytes.insert(below(random, bytes.size() + 1), 4090 + below(random, 12), 'c');
  if (below(random, 60) == 0) bytes.insert(below(random, bytes.size() + 1), 65530 + below(random, 12), '\r');
  return bytes;
}

std::string describe(const SeenLine& line) {
  return fmt::format("[{} {} {}]", line.number, line.offset, line.text).substr(0, 1200);
}

std::string describe(const std::vector<SeenLine>& lines) {
  std::string text;
  for (const SeenLine& line : lines) text += describe(line);
  return text;
}

// Every fact, as text.
std::string facts(const Matcher& matcher) {
  std::string text = fmt::format("matched {} diverged {} boot {} bytes {} lines {}\n", matcher.matched(),
                                 matcher.diverged(), matcher.boot_stage_over(), matcher.bytes(), matcher.lines());
  if (const auto at = matcher.completed_at()) text += fmt::format("completed {}\n", *at);
  if (const auto& hit = matcher.hit()) {
    text +=
        fmt::format("hit {} {} {} {}\n", hit->name, hit->forbidden, static_cast<int>(hit->kind), describe(hit->line));
  }
  if (const auto divergence = matcher.divergence()) {
    text += fmt::format("divergence {} '{}' {} seen {}\nbefore {}\nafter {}\n", divergence->place, divergence->expected,
                        divergence->final, divergence->seen ? describe(*divergence->seen) : "nothing",
                        describe(divergence->before), describe(divergence->after));
  }
  if (const auto timeout = matcher.step_timeout()) text += fmt::format("timeout {}\n", timeout->count());
  if (const auto divergence = matcher.divergence(); divergence && divergence->captured) {
    text += fmt::format("captured '{}'\n", *divergence->captured);
  }
  for (const auto& [name, value] : matcher.captures()) text += fmt::format("{}={}\n", name, value);
  return text + "last " + describe(matcher.last_lines(8));
}

struct Told {
  std::string before_finish, after_finish, sent;
};

// `step`: bytes of a feed; 0: random.
Told tell(const std::shared_ptr<const Expectations>& expectations, std::string_view bytes, std::size_t step,
          Random& random) {
  Matcher matcher(expectations);
  Told told;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min(step != 0 ? step : below(random, 9) * below(random, 9), bytes.size() - at);
    matcher.feed(bytes.substr(at, size));
    if (below(random, 2) == 0) told.sent += matcher.take_send();
    at += size;
  }
  told.sent += matcher.take_send();
  told.before_finish = facts(matcher);
  matcher.finish();
  told.after_finish = facts(matcher);
  told.sent += matcher.take_send();
  return told;
}

void expect_same_facts(unsigned seed) {
  Random random(seed);
  const auto expectations = random_expectations(random);
  const std::string console = random_console(random);
  // At the end, and at a place on the way there.
  for (const std::size_t size : {console.size(), below(random, console.size() + 1)}) {
    const std::string_view bytes = std::string_view(console).substr(0, size);
    const Told whole = tell(expectations, bytes, bytes.size() + 1, random);
    for (const std::size_t step : {1, 0, 0, 2, 7, 61}) {
      const Told split = tell(expectations, bytes, step, random);
      ASSERT_EQ(split.before_finish, whole.before_finish) << "seed " << seed << " step " << step << "\n"
                                                          << printable(bytes);
      ASSERT_EQ(split.after_finish, whole.after_finish) << "seed " << seed << " step " << step << "\n"
                                                        << printable(bytes);
      ASSERT_EQ(split.sent, whole.sent) << "seed " << seed << " step " << step << "\n" << printable(bytes);
    }
  }
}

TEST(MatcherProperty, AnySplitGivesTheSameFacts) {
  for (unsigned seed = 1; seed <= 600; ++seed) {
    expect_same_facts(seed);
    if (HasFatalFailure()) return;
  }
}

// Thousands of lines cross the sizes at which the matcher works through its input in another way.
TEST(MatcherProperty, LargeFeedsGiveTheSameFacts) {
  Random random(7);
  std::string console;
  for (int i = 0; i < 6000; ++i) {
    console +=
        fmt::format("line {} {}{}", i, std::string(below(random, 90), 'x'), below(random, 3) == 0 ? "\r\n" : "\n");
    if (below(random, 40) == 0) console += "\x1b[1mcolour\x1b[0m ";
  }
  for (const char* transcript : {"...\nline 40 {{any}}\n...\nline 5000 {{any}}\n", "line 0{{any}}\nline 2\n"}) {
    ExpectationsBuilder builder;
    ASSERT_TRUE(builder.add_transcript("t", transcript));
    ASSERT_TRUE(builder.add_forbidden("s", "re:line 5990 .*x$"));
    const auto expectations = builder.build();
    const Told whole = tell(expectations, console, console.size(), random);
    EXPECT_NE(whole.before_finish.find("hit forbid"), std::string::npos);
    for (const std::size_t step : {1, 60, 500, 4096, 5000, 20000, 65536, 100000}) {
      const Told split = tell(expectations, console, step, random);
      ASSERT_EQ(split.before_finish, whole.before_finish) << step;
      ASSERT_EQ(split.after_finish, whole.after_finish) << step;
    }
  }
}

TEST(MatcherProperty, HostileBytesAreOnlyBytes) {
  Random random(11);
  for (int round = 0; round < 30; ++round) {
    std::string noise(20000, '\0');
    for (char& byte : noise) byte = static_cast<char>(below(random, 256));
    for (std::size_t i = 0; i < noise.size(); i += 1 + below(random, 400)) noise[i] = "\n\x1b\r]["[below(random, 5)];
    const auto expectations = random_expectations(random);
    const Told whole = tell(expectations, noise, noise.size(), random);
    const Told split = tell(expectations, noise, 0, random);
    ASSERT_EQ(split.after_finish, whole.after_finish) << round;
  }
}

}  // namespace
}  // namespace bootrig
