// Any expectations over any console: every split of the bytes tells the same. A case has three parts: a transcript file,
// or steps where it begins with "steps"; a pattern that is forbidden; the console.
// seeds: harness/match/fuzz_seeds/matcher/*
#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "match/matcher.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

std::shared_ptr<const Expectations> build(std::string_view expected, std::string_view forbidden) {
  ExpectationsBuilder builder;
  constexpr std::string_view kSteps = "steps\n";
  if (expected.starts_with(kSteps)) {
    for (const std::string_view step : split_lines(expected.substr(kSteps.size()))) {
      if (step.starts_with('>'))
        builder.add_send(std::string(step.substr(1)));
      else
        (void)builder.add_expect("s", step, std::nullopt);
    }
  } else {
    (void)builder.add_transcript("t", expected);
  }
  // The default signatures are one large expression, which costs a hundred times the rest.
  if (!forbidden.contains("signatures\n")) {
    for (const SignatureInfo& signature : default_signatures()) CHECK(builder.disarm("d", signature.name));
  }
  for (const std::string_view pattern : split_lines(forbidden)) {
    if (pattern == "any-order")
      builder.set_order(Order::kAny);
    else if (pattern == "allow")
      builder.set_unexpected(Unexpected::kAllow);
    else if (pattern.starts_with("boot:"))
      (void)builder.set_boot_until("b", pattern.substr(5));
    else
      (void)builder.add_forbidden("f", pattern);
  }
  return builder.build();
}

std::string describe(const std::vector<SeenLine>& lines) {
  std::string text;
  for (const SeenLine& line : lines) text += fmt::format("[{} {} {}]", line.number, line.offset, line.text);
  return text;
}

std::string facts(const Matcher& matcher) {
  std::string text = fmt::format("matched {} diverged {} boot {} bytes {} lines {} completed {}\n", matcher.matched(),
                                 matcher.diverged(), matcher.boot_stage_over(), matcher.bytes(), matcher.lines(),
                                 matcher.completed_at().value_or(~std::uint64_t{0}));
  if (const auto& hit = matcher.hit()) text += fmt::format("hit {} {}", hit->name, describe({hit->line}));
  if (const auto divergence = matcher.divergence()) {
    text += fmt::format("divergence {} {} {}", divergence->place, divergence->expected, divergence->final);
    if (divergence->seen) text += describe({*divergence->seen});
    text += describe(divergence->before) + describe(divergence->after);
  }
  for (const auto& [name, value] : matcher.captures()) text += fmt::format("{}={}\n", name, value);
  return text + describe(matcher.last_lines(8));
}

// Facts before and after the end, and what was sent.
std::string tell(const std::shared_ptr<const Expectations>& expectations, std::string_view console, bool in_pieces) {
  Matcher matcher(expectations);
  std::string sent;
  if (in_pieces) {
    feed_in_pieces(console, [&](std::string_view piece) {
      matcher.feed(piece);
      sent += matcher.take_send();
    });
  } else {
    matcher.feed(console);
  }
  sent += matcher.take_send();
  std::string told = facts(matcher);
  matcher.finish();
  CHECK(matcher.matched() <= expectation_count(*expectations) && matcher.bytes() == console.size());
  return told + facts(matcher) + sent + matcher.take_send();
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  FuzzInput input(data, size);
  const std::string_view expected = input.part(), forbidden = input.part(), console = input.rest();
  const auto expectations = build(expected, forbidden);
  CHECK(tell(expectations, console, false) == tell(expectations, console, true));
  return 0;
}
