#include "match/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "match/compiled.h"

namespace bootrig {

struct ExpectationsBuilder::State {
  std::vector<match::ExpectedLine> lines;
  std::vector<match::Step> steps;
  std::vector<match::WatchedPattern> forbidden;
  std::optional<match::TextPattern> boot_until;
  Unexpected unexpected = Unexpected::kRefuse;
  Order order = Order::kListed;
  std::set<std::string, std::less<>> disarmed;
};

ExpectationsBuilder::ExpectationsBuilder() : state_(std::make_unique<State>()) {}
ExpectationsBuilder::~ExpectationsBuilder() = default;

Result<void> ExpectationsBuilder::add_transcript(std::string_view display_name, std::string_view text) {
  if (!state_->steps.empty()) return fail(std::string(display_name), "a scenario has a transcript or steps, not both");
  if (!state_->lines.empty()) return fail(std::string(display_name), "a scenario has one transcript, not two");
  BOOTRIG_TRY(state_->lines, match::parse_transcript(display_name, text));
  return {};
}

Result<void> ExpectationsBuilder::add_expect(std::string place, std::string_view pattern,
                                             std::optional<Duration> within, std::vector<CaptureCheck> checks) {
  if (!state_->lines.empty()) return fail(std::move(place), "a scenario has a transcript or steps, not both");
  BOOTRIG_TRY(match::TextPattern parsed, match::TextPattern::parse(place, pattern));
  for (const CaptureCheck& check : checks) {
    const std::vector<std::string> names = parsed.names();
    if (std::ranges::find(names, check.name) != names.end()) continue;
    return fail(check.place, names.empty()
                                 ? fmt::format("'expect' captures nothing by name; a regular expression does: "
                                               "re:(?P<{}>[0-9]+)",
                                               check.name)
                                 : fmt::format("'expect' captures no '{}'; it captures {}{}", check.name, one_of(names),
                                               did_you_mean(check.name, names)));
  }
  state_->steps.emplace_back(match::ExpectStep{std::move(place), std::move(parsed), within, std::move(checks)});
  return {};
}

void ExpectationsBuilder::add_send(std::string bytes, bool echoed) {
  CHECK(state_->lines.empty());
  state_->steps.emplace_back(match::SendStep{std::move(bytes), echoed});
}

Result<void> ExpectationsBuilder::add_forbidden(std::string place, std::string_view pattern) {
  BOOTRIG_TRY(match::TextPattern parsed, match::TextPattern::parse(place, pattern));
  std::string name = fmt::format("forbid:{}", pattern);
  state_->forbidden.push_back({std::move(name), true, SignatureKind::kPanic, std::move(parsed)});
  return {};
}

Result<void> ExpectationsBuilder::set_boot_until(std::string place, std::string_view pattern) {
  BOOTRIG_TRY(state_->boot_until, match::TextPattern::parse(place, pattern));
  return {};
}

void ExpectationsBuilder::set_unexpected(Unexpected unexpected) {
  state_->unexpected = unexpected;
}

void ExpectationsBuilder::set_order(Order order) {
  state_->order = order;
}

Result<void> ExpectationsBuilder::disarm(std::string place, std::string_view signature_name) {
  std::vector<std::string> names;
  for (const SignatureInfo& signature : default_signatures()) names.push_back(signature.name);
  if (std::find(names.begin(), names.end(), signature_name) == names.end()) {
    return fail(std::move(place),
                fmt::format("there is no signature '{}'{}", signature_name, did_you_mean(signature_name, names)));
  }
  state_->disarmed.emplace(signature_name);
  return {};
}

std::shared_ptr<const Expectations> ExpectationsBuilder::build() {
  std::vector<match::WatchedPattern> watched;
  for (const SignatureInfo& signature : default_signatures()) {
    if (state_->disarmed.contains(signature.name)) continue;
    auto pattern = match::TextPattern::parse(signature.name, "re:" + signature.pattern);
    CHECK(pattern.has_value());
    watched.push_back({signature.name, false, signature.kind, std::move(*pattern)});
  }
  for (match::WatchedPattern& forbidden : state_->forbidden) watched.push_back(std::move(forbidden));

  auto built = std::make_shared<Expectations>();
  built->lines = std::move(state_->lines);
  built->blocks = match::make_blocks(built->lines, state_->unexpected);
  built->order = state_->order;
  built->steps = std::move(state_->steps);
  built->watchlist = match::make_watchlist(std::move(watched), std::move(state_->boot_until));
  *state_ = {};
  return built;
}

std::size_t expectation_count(const Expectations& expectations) {
  const auto expects = std::count_if(expectations.steps.begin(), expectations.steps.end(),
                                     [](const auto& step) { return std::holds_alternative<match::ExpectStep>(step); });
  return expectations.lines.size() + static_cast<std::size_t>(expects);
}

}  // namespace bootrig
