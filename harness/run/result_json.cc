#include "run/result_json.h"

#include <fmt/format.h>

#include "run/words.h"

namespace bootrig {
namespace {

using Object = JsonValue::Object;
using Array = JsonValue::Array;

double milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

template <typename Map>
JsonValue map_to_json(const Map& map) {
  Object object;
  for (const auto& [key, value] : map) object.emplace_back(key, value);
  return object;
}

JsonValue strings_to_json(const std::vector<std::string>& strings) {
  return Array(strings.begin(), strings.end());
}

JsonValue line_to_json(const SeenLine& line) {
  return Object{{"number", line.number}, {"offset", line.offset}, {"text", line.text}};
}
JsonValue lines_to_json(const std::vector<SeenLine>& lines) {
  Array array;
  for (const SeenLine& line : lines) array.push_back(line_to_json(line));
  return array;
}

JsonValue verdict_to_json(const Verdict& verdict) {
  Object object{{"kind", to_text(verdict.kind)}, {"cause", to_text(verdict.cause)}, {"detail", verdict.detail}};
  if (!verdict.root_cause.empty()) object.emplace_back("root-cause", verdict.root_cause);
  return object;
}

JsonValue diagnosis_to_json(const Diagnosis& diagnosis) {
  Object object{{"headline", diagnosis.headline}, {"findings", strings_to_json(diagnosis.findings)}};
  if (diagnosis.cause) {
    object.emplace_back(
        "root-cause",
        Object{{"name", diagnosis.cause->name}, {"what", diagnosis.cause->what}, {"change", diagnosis.cause->change}});
  }
  object.emplace_back("missing", strings_to_json(diagnosis.missing));
  object.emplace_back("signature", diagnosis.signature);
  return object;
}

JsonValue divergence_to_json(const Divergence& divergence) {
  Object object{{"place", divergence.place}, {"expected", divergence.expected}, {"final", divergence.final}};
  if (divergence.seen) object.emplace_back("seen", line_to_json(*divergence.seen));
  object.emplace_back("before", lines_to_json(divergence.before));
  object.emplace_back("after", lines_to_json(divergence.after));
  return object;
}

JsonValue hit_to_json(const SignatureHit& hit) {
  return Object{{"name", hit.name},
                {"forbidden", hit.forbidden},
                {"exception", hit.kind == SignatureKind::kException},
                {"line", line_to_json(hit.line)}};
}

JsonValue machine_to_json(const MachineFacts& machine) {
  return Object{{"argv", strings_to_json(machine.argv)},
                {"accelerator", machine.accelerator},
                {"emulator-version", machine.emulator_version},
                {"errors", machine.errors},
                {"cpu-ms", milliseconds(machine.cpu_time)}};
}

JsonValue expected_failure_to_json(const ExpectedFailure& expected) {
  Object object{{"verdict", expected.verdict}, {"cause", expected.cause}};
  if (expected.root_cause) object.emplace_back("root-cause", *expected.root_cause);
  if (expected.detail) object.emplace_back("detail", *expected.detail);
  object.emplace_back("reason", expected.reason);
  return object;
}

// What is missing is read as null, and found wrong there.
const JsonValue& or_null(const JsonValue* value) {
  static const JsonValue kNull;
  return value == nullptr ? kNull : *value;
}

// Reads an object's members; refers to it. The first thing that is wrong is kept; what is read after it is a default.
class Members {
 public:
  Members(const JsonValue& value, std::string name, Result<void>& state) : name_(std::move(name)), state_(state) {
    object_ = std::get_if<Object>(&value.value);
    if (object_ == nullptr) wrong("an object");
  }

  const JsonValue* find(std::string_view key) const {
    if (object_ == nullptr) return nullptr;
    for (const auto& [name, value] : *object_) {
      if (name == key) return &value;
    }
    return nullptr;
  }
  std::string text(std::string_view key) { return get<std::string>(key, "a string"); }
  bool boolean(std::string_view key) { return get<bool>(key, "true or false"); }
  std::uint64_t count(std::string_view key) { return static_cast<std::uint64_t>(number(key)); }
  Duration duration(std::string_view key) { return Duration(static_cast<std::int64_t>(number(key) * 1e6)); }
  const Array& array(std::string_view key) {
    static const Array kEmpty;
    const JsonValue* value = find(key);
    const Array* array = value == nullptr ? nullptr : std::get_if<Array>(&value->value);
    if (array == nullptr) wrong(fmt::format("an array '{}'", key));
    return array == nullptr ? kEmpty : *array;
  }
  std::map<std::string, std::string> map(std::string_view key) {
    std::map<std::string, std::string> map;
    const JsonValue* value = find(key);
    const Object* object = value == nullptr ? nullptr : std::get_if<Object>(&value->value);
    if (object == nullptr) return wrong(fmt::format("an object '{}'", key)), map;
    for (const auto& [name, member] : *object) {
      if (const auto* text = std::get_if<std::string>(&member.value)) map.emplace(name, *text);
    }
    return map;
  }
  Result<void>& state() { return state_; }
  void wrong(const std::string& what) {
    if (state_) state_ = fail(fmt::format("{}: {} is missing or of another type", name_, what));
  }

 private:
  template <typename T>
  T get(std::string_view key, std::string_view what) {
    const JsonValue* value = find(key);
    const T* typed = value == nullptr ? nullptr : std::get_if<T>(&value->value);
    if (typed == nullptr) wrong(fmt::format("{} '{}'", what, key));
    return typed == nullptr ? T{} : *typed;
  }
  double number(std::string_view key) {
    const JsonValue* value = find(key);
    if (value != nullptr) {
      if (const auto* number = std::get_if<std::int64_t>(&value->value)) return static_cast<double>(*number);
      if (const auto* number = std::get_if<std::uint64_t>(&value->value)) return static_cast<double>(*number);
      if (const auto* number = std::get_if<double>(&value->value)) return *number;
    }
    wrong(fmt::format("a number '{}'", key));
    return 0;
  }

  const Object* object_ = nullptr;
  std::string name_;
  Result<void>& state_;
};

template <typename Enum, typename Lookup>
Enum enumeration(Members& members, std::string_view key, Lookup lookup) {
  const std::optional<Enum> value = lookup(members.text(key));
  if (!value) members.wrong(fmt::format("a known word '{}'", key));
  return value.value_or(Enum{});
}

std::vector<std::string> strings_from(const Array& array) {
  std::vector<std::string> strings;
  for (const JsonValue& value : array) {
    if (const auto* text = std::get_if<std::string>(&value.value)) strings.push_back(*text);
  }
  return strings;
}

SeenLine line_from(const JsonValue& value, Result<void>& state) {
  Members members(value, "line", state);
  return SeenLine{members.count("number"), members.count("offset"), members.text("text")};
}
std::vector<SeenLine> lines_from(const Array& array, Result<void>& state) {
  std::vector<SeenLine> lines;
  for (const JsonValue& value : array) lines.push_back(line_from(value, state));
  return lines;
}

Verdict verdict_from(const JsonValue* value, Result<void>& state) {
  Members members(or_null(value), "verdict", state);
  const auto kind = enumeration<VerdictKind>(members, "kind", verdict_kind_from);
  const auto cause = enumeration<Cause>(members, "cause", cause_from);
  const std::string root_cause = members.find("root-cause") != nullptr ? members.text("root-cause") : "";
  return Verdict{kind, cause, members.text("detail"), root_cause};
}

std::optional<Diagnosis> diagnosis_from(const JsonValue* value, Result<void>& state) {
  if (value == nullptr) return std::nullopt;
  Members members(*value, "diagnosis", state);
  Diagnosis diagnosis;
  diagnosis.headline = members.text("headline");
  diagnosis.findings = strings_from(members.array("findings"));
  if (const JsonValue* cause = members.find("root-cause")) {
    Members named(*cause, "root-cause", state);
    diagnosis.cause = RootCause{named.text("name"), named.text("what"), named.text("change")};
  }
  diagnosis.missing = strings_from(members.array("missing"));
  diagnosis.signature = members.text("signature");
  return diagnosis;
}

Divergence divergence_from(const JsonValue& value, Result<void>& state) {
  Members members(value, "divergence", state);
  Divergence divergence;
  divergence.place = members.text("place");
  divergence.expected = members.text("expected");
  divergence.final = members.boolean("final");
  if (const JsonValue* seen = members.find("seen")) divergence.seen = line_from(*seen, state);
  divergence.before = lines_from(members.array("before"), state);
  divergence.after = lines_from(members.array("after"), state);
  return divergence;
}

SignatureHit hit_from(const JsonValue& value, Result<void>& state) {
  Members members(value, "signature", state);
  SignatureHit hit;
  hit.name = members.text("name");
  hit.forbidden = members.boolean("forbidden");
  hit.kind = members.boolean("exception") ? SignatureKind::kException : SignatureKind::kPanic;
  const JsonValue* line = members.find("line");
  hit.line = line_from(or_null(line), state);
  return hit;
}

MachineFacts machine_from(const JsonValue* value, Result<void>& state) {
  Members members(or_null(value), "machine", state);
  MachineFacts machine;
  machine.argv = strings_from(members.array("argv"));
  machine.accelerator = members.text("accelerator");
  machine.emulator_version = members.text("emulator-version");
  machine.errors = members.text("errors");
  machine.cpu_time = members.duration("cpu-ms");
  return machine;
}

Outcome outcome_from(const JsonValue* value, Result<void>& state) {
  Members members(or_null(value), "outcome", state);
  Outcome outcome;
  outcome.termination = enumeration<Termination>(members, "termination", termination_from);
  outcome.exit_status = members.text("exit-status");
  outcome.matched = members.count("matched");
  outcome.expected = members.count("expected");
  if (members.find("completed-at") != nullptr) outcome.completed_at = members.count("completed-at");
  if (const JsonValue* hit = members.find("signature")) outcome.hit = hit_from(*hit, state);
  if (const JsonValue* divergence = members.find("divergence")) {
    outcome.divergence = divergence_from(*divergence, state);
  }
  outcome.boot_stage_over = members.boolean("boot-stage-over");
  outcome.captures = members.map("captures");
  outcome.bytes = members.count("bytes");
  outcome.lines = members.count("lines");
  outcome.bytes_dropped = members.count("bytes-dropped");
  outcome.last_lines = lines_from(members.array("last-lines"), state);
  outcome.limit = members.duration("limit-ms");
  outcome.wall = members.duration("wall-ms");
  outcome.first_output = members.duration("first-output-ms");
  outcome.starved = members.duration("starved-ms");
  outcome.machine = machine_from(members.find("machine"), state);
  outcome.accelerator_asked = members.text("accelerator-asked");
  return outcome;
}

ExpectedFailure expected_failure_from(const JsonValue& value, Result<void>& state) {
  Members members(value, "expected-failure", state);
  ExpectedFailure expected;
  expected.verdict = members.text("verdict");
  expected.cause = members.text("cause");
  if (members.find("root-cause") != nullptr) expected.root_cause = members.text("root-cause");
  if (members.find("detail") != nullptr) expected.detail = members.text("detail");
  expected.reason = members.text("reason");
  return expected;
}

}  // namespace

JsonValue to_json(const Outcome& outcome) {
  Object object{{"termination", to_text(outcome.termination)},
                {"exit-status", outcome.exit_status},
                {"matched", std::uint64_t{outcome.matched}},
                {"expected", std::uint64_t{outcome.expected}}};
  if (outcome.completed_at) object.emplace_back("completed-at", *outcome.completed_at);
  if (outcome.hit) object.emplace_back("signature", hit_to_json(*outcome.hit));
  if (outcome.divergence) object.emplace_back("divergence", divergence_to_json(*outcome.divergence));
  const Object rest{{"boot-stage-over", outcome.boot_stage_over},
                    {"captures", map_to_json(outcome.captures)},
                    {"bytes", outcome.bytes},
                    {"lines", outcome.lines},
                    {"bytes-dropped", outcome.bytes_dropped},
                    {"last-lines", lines_to_json(outcome.last_lines)},
                    {"limit-ms", milliseconds(outcome.limit)},
                    {"wall-ms", milliseconds(outcome.wall)},
                    {"first-output-ms", milliseconds(outcome.first_output)},
                    {"starved-ms", milliseconds(outcome.starved)},
                    {"machine", machine_to_json(outcome.machine)},
                    {"accelerator-asked", outcome.accelerator_asked}};
  object.insert(object.end(), rest.begin(), rest.end());
  return object;
}

JsonValue to_json(const RunResult& result) {
  Object object{{"id", result.id},
                {"scenario", result.scenario},
                {"scenario-summary", result.scenario_summary},
                {"target", result.target},
                {"target-name", result.target_name},
                {"target-values", map_to_json(result.target_values)},
                {"image", result.image},
                {"image-sha256", result.image_sha256},
                {"verdict", verdict_to_json(result.verdict)},
                {"standing", to_text(result.standing)}};
  if (result.expected_failure) {
    object.emplace_back("expected-failure", expected_failure_to_json(*result.expected_failure));
  }
  object.emplace_back("quarantine", result.quarantine);
  Array attempts;
  for (const Attempt& attempt : result.attempts) {
    Object object{{"verdict", verdict_to_json(attempt.verdict)},
                  {"folder", attempt.folder.generic_string()},
                  {"outcome", to_json(attempt.outcome)}};
    if (attempt.diagnosis) object.emplace_back("diagnosis", diagnosis_to_json(*attempt.diagnosis));
    attempts.push_back(std::move(object));
  }
  object.emplace_back("attempts", std::move(attempts));
  object.emplace_back("repeat-command", result.repeat_command);
  object.emplace_back("duration-ms", milliseconds(result.duration));
  object.emplace_back("started-at-ms", result.started_at_ms);
  return object;
}

JsonValue to_json(const RunInfo& run) {
  return Object{{"name", run.name},
                {"command", run.command},
                {"host", run.host},
                {"emulator", run.emulator},
                {"revision", run.revision},
                {"tool-version", run.tool_version},
                {"started-at-ms", run.started_at_ms},
                {"planned", std::uint64_t{run.planned}}};
}

JsonValue to_json(const RunTotals& totals) {
  return Object{{"pass", std::uint64_t{totals.passed}},  {"xfail", std::uint64_t{totals.expected_failures}},
                {"fail", std::uint64_t{totals.failed}},  {"error", std::uint64_t{totals.errors}},
                {"skip", std::uint64_t{totals.skipped}}, {"quarantined", std::uint64_t{totals.quarantined}},
                {"flaky", std::uint64_t{totals.flaky}}};
}

Result<RunResult> result_from_json(const JsonValue& value) {
  Result<void> state;
  Members members(value, "result", state);
  RunResult result;
  result.id = members.text("id");
  result.scenario = members.text("scenario");
  result.scenario_summary = members.text("scenario-summary");
  result.target = members.text("target");
  result.target_name = members.text("target-name");
  result.target_values = members.map("target-values");
  result.image = members.text("image");
  result.image_sha256 = members.text("image-sha256");
  result.verdict = verdict_from(members.find("verdict"), state);
  result.standing = enumeration<Standing>(members, "standing", standing_from);
  if (const JsonValue* expected = members.find("expected-failure")) {
    result.expected_failure = expected_failure_from(*expected, state);
  }
  result.quarantine = members.text("quarantine");
  for (const JsonValue& element : members.array("attempts")) {
    Members attempt(element, "attempt", state);
    result.attempts.push_back(Attempt{verdict_from(attempt.find("verdict"), state),
                                      outcome_from(attempt.find("outcome"), state),
                                      diagnosis_from(attempt.find("diagnosis"), state), attempt.text("folder")});
  }
  result.repeat_command = members.text("repeat-command");
  result.duration = members.duration("duration-ms");
  result.started_at_ms = static_cast<std::int64_t>(members.count("started-at-ms"));
  if (!state) return std::unexpected(state.error());
  return result;
}

}  // namespace bootrig
