#include "run/result_json.h"

#include <fmt/format.h>

#include "json/members.h"
#include "run/words.h"
#include "triage/diagnosis_json.h"

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

JsonValue booted_to_json(const std::vector<BootedFile>& files) {
  Array array;
  for (const BootedFile& file : files) {
    array.push_back(Object{{"file", file.file.string()}, {"sha256", file.sha256}});
  }
  return array;
}

JsonValue divergence_to_json(const Divergence& divergence) {
  Object object{{"place", divergence.place}, {"expected", divergence.expected}, {"final", divergence.final}};
  if (divergence.seen) object.emplace_back("seen", line_to_json(*divergence.seen));
  if (divergence.captured) object.emplace_back("captured", *divergence.captured);
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
  Object object{{"argv", texts_to_json(machine.argv)},
                {"accelerator", machine.accelerator},
                {"emulator-version", machine.emulator_version},
                {"errors", machine.errors},
                {"cpu-ms", milliseconds(machine.cpu_time)}};
  if (!machine.host.empty()) object.emplace_back("host", machine.host);
  if (machine.time_scale != 1.0) object.emplace_back("time-scale", machine.time_scale);
  return object;
}

JsonValue expected_failure_to_json(const ExpectedFailure& expected) {
  Object object{{"verdict", expected.verdict}, {"cause", expected.cause}};
  if (expected.root_cause) object.emplace_back("root-cause", *expected.root_cause);
  if (expected.detail) object.emplace_back("detail", *expected.detail);
  object.emplace_back("reason", expected.reason);
  return object;
}

template <typename Enum, typename Lookup>
Enum enumeration(JsonMembers& members, std::string_view key, Lookup lookup) {
  const std::optional<Enum> value = lookup(members.text(key));
  if (!value) members.wrong(fmt::format("a known word '{}'", key));
  return value.value_or(Enum{});
}

SeenLine line_from(const JsonValue* value, Result<void>& state) {
  JsonMembers members(value, "line", state);
  return SeenLine{members.count("number"), members.count("offset"), members.text("text")};
}
std::vector<SeenLine> lines_from(const Array& array, Result<void>& state) {
  std::vector<SeenLine> lines;
  for (const JsonValue& value : array) lines.push_back(line_from(&value, state));
  return lines;
}

Verdict verdict_from(const JsonValue* value, Result<void>& state) {
  JsonMembers members(value, "verdict", state);
  const auto kind = enumeration<VerdictKind>(members, "kind", verdict_kind_from);
  const auto cause = enumeration<Cause>(members, "cause", cause_from);
  const std::string root_cause = members.find("root-cause") != nullptr ? members.text("root-cause") : "";
  return Verdict{kind, cause, members.text("detail"), root_cause};
}

std::optional<Diagnosis> diagnosis_from(const JsonValue* value, Result<void>& state) {
  if (value == nullptr) return std::nullopt;
  auto diagnosis = diagnosis_from_json(*value);
  if (diagnosis) return std::move(*diagnosis);
  if (state) state = std::unexpected(diagnosis.error());
  return std::nullopt;
}

std::vector<BootedFile> booted_from(const Array& array, Result<void>& state) {
  std::vector<BootedFile> files;
  for (const JsonValue& value : array) {
    JsonMembers members(value, "image-files", state);
    files.push_back({members.text("file"), members.text("sha256")});
  }
  return files;
}

Divergence divergence_from(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "divergence", state);
  Divergence divergence;
  divergence.place = members.text("place");
  divergence.expected = members.text("expected");
  divergence.final = members.boolean("final");
  if (const JsonValue* seen = members.find("seen")) divergence.seen = line_from(seen, state);
  if (members.find("captured") != nullptr) divergence.captured = members.text("captured");
  divergence.before = lines_from(members.array("before"), state);
  divergence.after = lines_from(members.array("after"), state);
  return divergence;
}

SignatureHit hit_from(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "signature", state);
  SignatureHit hit;
  hit.name = members.text("name");
  hit.forbidden = members.boolean("forbidden");
  hit.kind = members.boolean("exception") ? SignatureKind::kException : SignatureKind::kPanic;
  const JsonValue* line = members.find("line");
  hit.line = line_from(line, state);
  return hit;
}

MachineFacts machine_from(const JsonValue* value, Result<void>& state) {
  JsonMembers members(value, "machine", state);
  MachineFacts machine;
  machine.argv = members.texts("argv");
  machine.accelerator = members.text("accelerator");
  machine.emulator_version = members.text("emulator-version");
  machine.errors = members.text("errors");
  machine.cpu_time = members.milliseconds("cpu-ms");
  if (members.find("host") != nullptr) machine.host = members.text("host");
  if (members.find("time-scale") != nullptr) machine.time_scale = members.number("time-scale");
  return machine;
}

Outcome outcome_from(const JsonValue* value, Result<void>& state) {
  JsonMembers members(value, "outcome", state);
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
  if (members.find("firmware-bytes") != nullptr) outcome.firmware_bytes = members.count("firmware-bytes");
  outcome.lines = members.count("lines");
  outcome.bytes_dropped = members.count("bytes-dropped");
  if (members.find("transcript-sha256") != nullptr) {  // journals of older versions have none
    outcome.transcript_sha256 = members.text("transcript-sha256");
    outcome.transcript_hashed = members.count("transcript-hashed");
  }
  outcome.last_lines = lines_from(members.array("last-lines"), state);
  outcome.limit = members.milliseconds("limit-ms");
  outcome.wall = members.milliseconds("wall-ms");
  outcome.first_output = members.milliseconds("first-output-ms");
  if (members.find("last-output-ms") != nullptr) outcome.last_output = members.milliseconds("last-output-ms");
  outcome.starved = members.milliseconds("starved-ms");
  outcome.machine = machine_from(members.find("machine"), state);
  outcome.accelerator_asked = members.text("accelerator-asked");
  return outcome;
}

Attempt attempt_from(const JsonValue& value, Result<void>& state) {
  JsonMembers attempt(value, "attempt", state);
  return Attempt{verdict_from(attempt.find("verdict"), state), outcome_from(attempt.find("outcome"), state),
                 diagnosis_from(attempt.find("diagnosis"), state), attempt.text("folder")};
}

ExpectedFailure expected_failure_from(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "expected-failure", state);
  ExpectedFailure expected;
  expected.verdict = members.text("verdict");
  expected.cause = members.text("cause");
  if (members.find("root-cause") != nullptr) expected.root_cause = members.text("root-cause");
  if (members.find("detail") != nullptr) expected.detail = members.text("detail");
  expected.reason = members.text("reason");
  return expected;
}

std::optional<Finding::Severity> severity_from(std::string_view text) {
  for (const auto severity : {Finding::Severity::kError, Finding::Severity::kWarning, Finding::Severity::kNote}) {
    if (to_text(severity) == text) return severity;
  }
  return std::nullopt;
}

JsonValue subtests_to_json(const std::vector<Subtest>& subtests) {
  Array array;
  for (const Subtest& subtest : subtests) {
    Object object{{"name", subtest.name}, {"status", to_text(subtest.status)}, {"line", subtest.line}};
    if (!subtest.detail.empty()) object.emplace_back("detail", subtest.detail);
    array.push_back(std::move(object));
  }
  return array;
}

std::optional<Subtest::Status> status_from(std::string_view text) {
  for (const auto status : {Subtest::Status::kPass, Subtest::Status::kFail, Subtest::Status::kSkip}) {
    if (to_text(status) == text) return status;
  }
  return std::nullopt;
}

Subtest subtest_from(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "subtest", state);
  Subtest subtest;
  subtest.name = members.text("name");
  subtest.status = enumeration<Subtest::Status>(members, "status", status_from);
  subtest.line = members.count("line");
  if (members.find("detail") != nullptr) subtest.detail = members.text("detail");
  return subtest;
}

Finding finding_from(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "finding", state);
  Finding finding;
  finding.name = members.text("name");
  finding.severity = enumeration<Finding::Severity>(members, "severity", severity_from);
  finding.what = members.text("what");
  finding.evidence = members.texts("evidence");
  finding.change = members.text("change");
  return finding;
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
  if (outcome.firmware_bytes > 0) object.emplace_back("firmware-bytes", outcome.firmware_bytes);
  if (outcome.last_output > Duration::zero()) object.emplace_back("last-output-ms", milliseconds(outcome.last_output));
  const Object rest{{"boot-stage-over", outcome.boot_stage_over},
                    {"captures", map_to_json(outcome.captures)},
                    {"bytes", outcome.bytes},
                    {"lines", outcome.lines},
                    {"bytes-dropped", outcome.bytes_dropped},
                    {"transcript-sha256", outcome.transcript_sha256},
                    {"transcript-hashed", outcome.transcript_hashed},
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

JsonValue to_json(const Finding& finding) {
  return Object{{"name", finding.name},
                {"severity", to_text(finding.severity)},
                {"what", finding.what},
                {"evidence", texts_to_json(finding.evidence)},
                {"change", finding.change}};
}

namespace {

JsonValue attempt_to_json(const Attempt& attempt) {
  Object object{{"verdict", verdict_to_json(attempt.verdict)},
                {"folder", attempt.folder.generic_string()},
                {"outcome", to_json(attempt.outcome)}};
  if (attempt.diagnosis) object.emplace_back("diagnosis", to_json(*attempt.diagnosis));
  return object;
}

}  // namespace

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
  if (result.image_files.size() > 1) object.emplace_back("image-files", booted_to_json(result.image_files));
  if (!result.tags.empty()) object.emplace_back("tags", texts_to_json(result.tags));
  if (result.expected_failure) {
    object.emplace_back("expected-failure", expected_failure_to_json(*result.expected_failure));
  }
  object.emplace_back("quarantine", result.quarantine);
  Array findings;
  for (const Finding& finding : result.findings) findings.push_back(to_json(finding));
  if (!findings.empty()) object.emplace_back("findings", std::move(findings));
  if (!result.subtests.empty()) object.emplace_back("subtests", subtests_to_json(result.subtests));
  Array attempts;
  for (const Attempt& attempt : result.attempts) attempts.push_back(attempt_to_json(attempt));
  object.emplace_back("attempts", std::move(attempts));
  if (result.recheck) object.emplace_back("recheck", attempt_to_json(*result.recheck));
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

Result<RunInfo> run_info_from_json(const JsonValue& value) {
  Result<void> state;
  JsonMembers members(value, "run", state);
  RunInfo run;
  run.name = members.text("name");
  run.command = members.text("command");
  run.host = members.text("host");
  run.emulator = members.text("emulator");
  run.revision = members.text("revision");
  run.tool_version = members.text("tool-version");
  run.started_at_ms = members.integer("started-at-ms");
  run.planned = members.count("planned");
  if (!state) return std::unexpected(state.error());
  return run;
}

Result<RunResult> result_from_json(const JsonValue& value) {
  Result<void> state;
  JsonMembers members(value, "result", state);
  RunResult result;
  result.id = members.text("id");
  result.scenario = members.text("scenario");
  result.scenario_summary = members.text("scenario-summary");
  result.target = members.text("target");
  result.target_name = members.text("target-name");
  result.target_values = members.map("target-values");
  if (members.find("tags") != nullptr) result.tags = members.texts("tags");
  result.image = members.text("image");
  result.image_sha256 = members.text("image-sha256");
  if (members.find("image-files") != nullptr) result.image_files = booted_from(members.array("image-files"), state);
  result.verdict = verdict_from(members.find("verdict"), state);
  result.standing = enumeration<Standing>(members, "standing", standing_from);
  if (const JsonValue* expected = members.find("expected-failure")) {
    result.expected_failure = expected_failure_from(*expected, state);
  }
  result.quarantine = members.text("quarantine");
  if (members.find("findings") != nullptr) {
    for (const JsonValue& element : members.array("findings")) result.findings.push_back(finding_from(element, state));
  }
  if (members.find("subtests") != nullptr) {
    for (const JsonValue& element : members.array("subtests")) result.subtests.push_back(subtest_from(element, state));
  }
  for (const JsonValue& element : members.array("attempts")) {
    result.attempts.push_back(attempt_from(element, state));
  }
  if (const JsonValue* recheck = members.find("recheck")) result.recheck = attempt_from(*recheck, state);
  result.repeat_command = members.text("repeat-command");
  result.duration = members.milliseconds("duration-ms");
  result.started_at_ms = members.integer("started-at-ms");
  if (!state) return std::unexpected(state.error());
  return result;
}

}  // namespace bootrig
