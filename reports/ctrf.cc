#include "reports/ctrf.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "json/value.h"
#include "reports/place.h"
#include "reports/report_file.h"
#include "reports/story.h"

namespace bootrig {
namespace {

// The version of the format that this was written against.
constexpr std::string_view kSpecVersion = "0.0.0";
constexpr std::size_t kStdoutLines = 200;  // the last ones of a transcript

using Object = JsonValue::Object;
using Array = JsonValue::Array;

std::string_view status_of(Standing standing) {
  switch (standing) {
    case Standing::kPassed:
    case Standing::kExpectedFailure:
    case Standing::kFlaky:
      return "passed";
    case Standing::kFailed:
    case Standing::kErrored:
    case Standing::kUnexpectedPass:
    case Standing::kWrongFailure:
      return "failed";
    case Standing::kSkipped:
      return "skipped";
    case Standing::kQuarantined:
      return "other";
  }
  return "other";
}
std::string_view status_of(VerdictKind kind) {
  if (kind == VerdictKind::kPass) return "passed";
  return kind == VerdictKind::kSkip ? "skipped" : "failed";
}

std::int64_t milliseconds(Duration duration) {
  return std::max<std::int64_t>(0, duration / std::chrono::milliseconds(1));
}

Array stdout_of(const Excerpt& transcript) {
  const std::string text = transcript.cut == 0 ? transcript.head + transcript.tail : transcript.tail;
  const auto lines = split_lines(text);
  const std::size_t begin = lines.size() - std::min(lines.size(), kStdoutLines);
  Array array;
  for (std::size_t i = begin; i < lines.size(); ++i) array.emplace_back(lines[i]);
  return array;
}

Array earlier_attempts(const RunResult& result) {
  Array array;
  for (std::size_t i = 0; i + 1 < result.attempts.size(); ++i) {
    const Attempt& attempt = result.attempts[i];
    array.push_back(Object{{"attempt", std::uint64_t{i + 1}},
                           {"status", status_of(attempt.verdict.kind)},
                           {"duration", milliseconds(attempt.outcome.wall)},
                           {"message", attempt.verdict.detail},
                           {"trace", to_text(story_of(attempt))}});
  }
  return array;
}

Array attachments_of(const RunResult& result) {
  Array array;
  for (const Attempt& attempt : result.attempts) {
    if (attempt.folder.empty()) continue;
    array.push_back(Object{{"name", attempt.folder.filename().string() + "/transcript.raw"},
                           {"contentType", "application/octet-stream"},
                           {"path", (attempt.folder / "transcript.raw").generic_string()}});
  }
  return array;
}

Object extra_of(const RunResult& result) {
  Object extra{{"image", result.image}, {"image-sha256", result.image_sha256}, {"repeat", result.repeat_command}};
  if (result.verdict.cause != Cause::kNone) extra.emplace_back("cause", to_text(result.verdict.cause));
  if (const Diagnosis* known = explanation(result)) {
    extra.emplace_back("root-cause", known->cause->name);
    extra.emplace_back("change", known->cause->change);
  }
  if (result.recheck) extra.emplace_back("recheck", recheck_words(result));
  return extra;
}

void add_failure(const RunResult& result, const std::filesystem::path& project, Object& test) {
  const SourcePlace place = source_place(result, project);
  test.emplace_back("trace", to_text(story_of(result)));
  test.emplace_back("filePath", place.file);
  test.emplace_back("line", std::uint64_t{place.line});
  test.emplace_back("stdout", stdout_of(result.transcript));
}

JsonValue test_of(const RunResult& result, const std::filesystem::path& project) {
  const bool plain = result.standing == Standing::kPassed;
  Object test{{"name", result.id},
              {"status", status_of(result.standing)},
              {"duration", milliseconds(result.duration)},
              {"start", result.started_at_ms},
              {"stop", result.started_at_ms + milliseconds(result.duration)},
              {"suite", Array{JsonValue(result.target)}},
              {"rawStatus", to_text(result.standing)},
              {"flaky", result.standing == Standing::kFlaky}};
  if (!plain) test.emplace_back("message", summary_line(result));
  if (gates(result.standing) || result.standing == Standing::kQuarantined) add_failure(result, project, test);
  if (!result.tags.empty()) {
    Array tags;
    for (const std::string& tag : result.tags) tags.emplace_back(tag);
    test.emplace_back("tags", std::move(tags));
  }
  Object labels;
  for (const auto& [key, value] : result.target_values) labels.emplace_back(key, value);
  test.emplace_back("labels", std::move(labels));
  if (result.attempts.size() > 1) {
    test.emplace_back("retries", std::uint64_t{result.attempts.size() - 1});
    test.emplace_back("retryAttempts", earlier_attempts(result));
  }
  if (Array attachments = attachments_of(result); !attachments.empty()) {
    test.emplace_back("attachments", std::move(attachments));
  }
  test.emplace_back("extra", extra_of(result));
  return test;
}

}  // namespace

struct CtrfReporter::State {
  explicit State(CtrfOptions given) : options(std::move(given)), file(options.path) {}

  void add(const JsonValue& test) {
    file.set_aside(fmt::format("{}{}", tests.extents.empty() ? "\n  " : ",\n  ", write_json(test)), tests);
  }

  CtrfOptions options;
  ReportFile file;
  Pieces tests;
  std::set<std::string> suites;
  std::uint64_t passed = 0, failed = 0, skipped = 0, other = 0, flaky = 0;
  std::int64_t stop_ms = 0;
};

CtrfReporter::CtrfReporter(CtrfOptions options) : state_(std::make_unique<State>(std::move(options))) {}
CtrfReporter::~CtrfReporter() = default;

void CtrfReporter::finished(const RunResult& result) {
  State& state = *state_;
  const std::string_view status = status_of(result.standing);
  state.passed += status == "passed";
  state.failed += status == "failed";
  state.skipped += status == "skipped";
  state.other += status == "other";
  state.flaky += result.standing == Standing::kFlaky;
  state.suites.insert(result.target);
  state.stop_ms = std::max(state.stop_ms, result.started_at_ms + milliseconds(result.duration));
  state.add(test_of(result, state.options.project));
}

Result<void> CtrfReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  State& state = *state_;
  if (missing > 0 || totals.total() == 0) {
    const std::string message = totals.total() == 0
                                    ? "no testcase was run"
                                    : fmt::format("{} of {} planned testcases have no result", missing, run.planned);
    state.add(Object{
        {"name", "bootrig: the run"}, {"status", "failed"}, {"duration", std::uint64_t{0}}, {"message", message}});
    ++state.failed;
  }
  const Object summary{{"tests", state.passed + state.failed + state.skipped + state.other},
                       {"passed", state.passed},
                       {"failed", state.failed},
                       {"skipped", state.skipped},
                       {"pending", std::uint64_t{0}},
                       {"other", state.other},
                       {"flaky", state.flaky},
                       {"suites", std::uint64_t{state.suites.size()}},
                       {"start", run.started_at_ms},
                       {"stop", std::max(run.started_at_ms, state.stop_ms)}};
  const Object environment{{"reportName", run.name},
                           {"commit", run.revision},
                           {"extra", Object{{"host", run.host}, {"emulator", run.emulator}, {"command", run.command}}}};
  const Object tool{{"name", "bootrig"}, {"version", run.tool_version}};
  ReportFile& file = state.file;
  file.write(
      fmt::format("{{\n\"reportFormat\": \"CTRF\",\n\"specVersion\": \"{}\",\n\"results\": {{\n\"tool\": {},\n"
                  "\"summary\": {},\n\"environment\": {},\n\"tests\": [",
                  kSpecVersion, write_json(tool), write_json(summary), write_json(environment)));
  file.write(state.tests);
  file.write("\n]\n}\n}\n");
  return file.finish();
}

}  // namespace bootrig
