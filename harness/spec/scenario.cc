#include "spec/scenario.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/text.h"
#include "json/reader.h"
#include "spec/expected_failure.h"
#include "spec/machine_keys.h"
#include "spec/names.h"

namespace bootrig {
namespace {

constexpr std::array<JsonChoice<Ending>, 4> kEndings{{{"running", Ending::kRunning},
                                                      {"power-off", Ending::kPowerOff},
                                                      {"reset", Ending::kReset},
                                                      {"any", Ending::kAny}}};
constexpr std::array<JsonChoice<Unexpected>, 2> kUnexpected{
    {{"refuse", Unexpected::kRefuse}, {"allow", Unexpected::kAllow}}};
constexpr std::array<JsonChoice<SubtestDialect>, 2> kSubtests{
    {{"ktap", SubtestDialect::kKtap}, {"junit", SubtestDialect::kJUnit}}};
constexpr std::array<JsonChoice<Order>, 2> kOrders{{{"listed", Order::kListed}, {"any", Order::kAny}}};

// A limit within the scenario that the whole scenario's timeout would always come before.
void check_limit(JsonReader& json, std::string_view inside, std::optional<Duration> limit, Duration overall) {
  if (!limit || *limit <= overall) return;
  json.refuse(inside, fmt::format("found {}, more than the whole scenario's 'timeout' of {}", format_duration(*limit),
                                  format_duration(overall)));
}

void read_boot(JsonReader& json, Timeouts& timeouts, ExpectationsBuilder& builder) {
  std::optional<std::string> until;
  json.text("until", until);
  json.duration("timeout", timeouts.boot);
  check_limit(json, "timeout", timeouts.boot, timeouts.overall);
  if (until) json.check(builder.set_boot_until(json.place("until"), *until));
}

void read_check(JsonReader& json, CaptureCheck& check) {
  check.place = json.place();
  json.any_text("is", check.is);
  json.number("at-least", check.at_least);
  json.number("at-most", check.at_most);
  if (json.failed()) return;
  const bool range = check.at_least || check.at_most;
  if (check.is.has_value() == range) {
    return json.refuse("", range ? "a check has 'is' (a text) or a range ('at-least', 'at-most'), not both"
                                 : "a check has 'is' (a text), 'at-least' or 'at-most' (numbers); this one has none");
  }
  if (check.at_least && check.at_most && *check.at_least > *check.at_most) {
    json.refuse("at-least", fmt::format("found {}, more than 'at-most' with {}", *check.at_least, *check.at_most));
  }
  constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();
  if (range && check.at_least.value_or(0) == 0 && check.at_most.value_or(kGreatest) == kGreatest) {
    json.refuse("", "its range allows every number");
  }
}

void read_step(JsonReader& json, Duration overall, ExpectationsBuilder& builder) {
  std::optional<std::string> expect, send;
  std::optional<Duration> within;
  json.text("expect", expect);
  json.bytes("send", send);
  json.duration("within", within);
  std::vector<CaptureCheck> checks;
  json.object_map("check", [&](const std::string& name, JsonReader& check) {
    checks.emplace_back().name = name;
    read_check(check, checks.back());
  });
  if (json.has("expect") == json.has("send")) {
    return json.refuse("", json.has("send") ? "a step has 'expect' or 'send', not both; make two steps of it"
                                            : "a step has 'expect' or 'send'; this one has neither");
  }
  if (send && within) return json.refuse("within", "'within' limits an 'expect'; a 'send' takes no time");
  if (send && json.has("check")) return json.refuse("check", "'check' is about what an 'expect' captured");
  if (json.has("check") && checks.empty() && !json.failed()) json.refuse("check", "it checks nothing");
  if (send && send->empty()) return json.refuse("send", "found an empty string; some text is expected");
  check_limit(json, "within", within, overall);
  bool echoed = true;
  json.flag("echo", echoed);
  if (json.has("echo") && !send) json.refuse("echo", "'echo' is about what a 'send' sends");
  if (send) builder.add_send(*send, echoed);
  if (expect) json.check(builder.add_expect(json.place("expect"), *expect, within, std::move(checks)));
}

void read_transcript(JsonReader& json, const FileSource& read_beside, ExpectationsBuilder& builder) {
  std::optional<std::string> file;
  json.text("transcript", file);
  if (!file) return;
  if (json.has("steps")) return json.refuse("steps", "a scenario has a 'transcript' or 'steps', not both");
  if (!is_relative_path(*file, /*inside=*/true)) {
    return json.refuse("transcript", fmt::format("'{}' is not a file in the scenario's folder", printable(*file)));
  }
  const auto transcript = read_beside(*file);
  if (!transcript) {
    return json.refuse("transcript", fmt::format("'{}': {}; 'bootrig record' writes one", printable(*file),
                                                 transcript.error().message));
  }
  json.check(builder.add_transcript(transcript->display_name, transcript->text));
}

// What the console should say, and what it must never say.
void read_expectations(JsonReader& json, const FileSource& read_beside, Timeouts& timeouts,
                       ExpectationsBuilder& builder) {
  Unexpected unexpected = Unexpected::kRefuse;
  json.choice<Unexpected>("unexpected", unexpected, kUnexpected);
  builder.set_unexpected(unexpected);
  Order order = Order::kListed;
  json.choice<Order>("order", order, kOrders);
  builder.set_order(order);

  json.object("boot", [&](JsonReader& boot) { read_boot(boot, timeouts, builder); });
  read_transcript(json, read_beside, builder);
  json.objects("steps", [&](JsonReader& step) { read_step(step, timeouts.overall, builder); });

  std::vector<std::string> forbidden;
  json.distinct_texts("forbid", forbidden);
  for (std::size_t i = 0; i < forbidden.size(); ++i) {
    json.check(builder.add_forbidden(json.place(fmt::format("forbid/{}", i)), forbidden[i]));
  }
  json.object("signatures", [&](JsonReader& signatures) {
    std::vector<std::string> disarmed;
    signatures.distinct_texts("disarm", disarmed);
    for (std::size_t i = 0; i < disarmed.size(); ++i) {
      signatures.check(builder.disarm(signatures.place(fmt::format("disarm/{}", i)), disarmed[i]));
    }
  });
}

void read_requirement(JsonReader& json, Requirement& requirement) {
  json.word("key", requirement.key, machine_keys(), kRequired);
  json.scalars("values", requirement.allowed, kRequired);
  json.text("reason", requirement.reason, kRequired);
  if (!requirement.key.empty()) {
    normalize_values(json, "values", requirement.key, machine_keys(), requirement.allowed);
  }
}

void read_scenario(JsonReader& json, const FileSource& read_beside, Scenario& scenario, ExpectationsBuilder& builder) {
  json.ignore("$schema");
  json.text("summary", scenario.summary, kRequired);
  json.text("image", scenario.image, kRequired);
  check_name(json, "image", scenario.image, "an image's name");
  json.text_map("set", scenario.parameters);
  for (const auto& parameter : scenario.parameters) {
    if (is_parameter_name(parameter.first)) continue;
    json.refuse("set/" + escape_pointer(parameter.first), not_a_parameter_name(parameter.first));
  }
  json.distinct_texts("tags", scenario.tags);
  check_names(json, "tags", scenario.tags, "a tag");
  json.duration("timeout", scenario.timeouts.overall);
  json.duration("inactivity", scenario.timeouts.inactivity);
  check_limit(json, "inactivity", scenario.timeouts.inactivity, scenario.timeouts.overall);
  read_expectations(json, read_beside, scenario.timeouts, builder);

  json.choice<Ending>("ending", scenario.ending, kEndings);
  json.duration("settle", scenario.settle);
  if (json.has("settle") && scenario.ending != Ending::kRunning) {
    json.refuse("settle", fmt::format("only a scenario whose ending is 'running' settles; this one's is '{}'",
                                      to_text(scenario.ending)));
  }
  json.size("output-limit", scenario.output_limit);
  if (json.has("subtests")) json.choice<SubtestDialect>("subtests", scenario.subtests.emplace(), kSubtests);
  json.objects("requires",
               [&](JsonReader& requirement) { read_requirement(requirement, scenario.requires_.emplace_back()); });
  json.object("expect-fail",
              [&](JsonReader& expected) { read_expected_failure(expected, scenario.expect_fail.emplace()); });
}

}  // namespace

std::string_view to_text(Ending ending) {
  for (const auto& [word, meaning] : kEndings) {
    if (meaning == ending) return word;
  }
  return "";
}

Result<Scenario> parse_scenario(std::string_view name, std::string_view display_name, std::string_view text,
                                const FileSource& read_beside) {
  if (!is_path_of_names(name)) return fail(std::string(display_name), not_a_name(name, "a scenario's name"));
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(display_name, text));
  Scenario scenario;
  scenario.name = name;
  scenario.file = display_name;
  ExpectationsBuilder builder;
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) { read_scenario(json, read_beside, scenario, builder); }));
  scenario.expectations = builder.build();
  return scenario;
}

}  // namespace bootrig
