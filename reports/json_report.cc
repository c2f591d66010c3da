#include "reports/json_report.h"

#include <fmt/format.h>

#include "json/value.h"
#include "reports/rates.h"
#include "reports/report_file.h"
#include "reports/story.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

constexpr std::string_view kReportSchema = "bootrig-report-1";

// The journal's record of a result, and what only a report says.
JsonValue reported(const RunResult& result) {
  JsonValue value = to_json(result);
  auto& object = std::get<JsonValue::Object>(value.value);
  object.emplace_back("gates", gates(result.standing));
  if (result.verdict.kind == VerdictKind::kError) {
    object.emplace_back("who-must-act", who_must_act(result.verdict.cause));
  }
  const Excerpt excerpt = bounded(result.transcript);
  if (!excerpt.head.empty() || !excerpt.tail.empty()) {
    object.emplace_back("transcript",
                        JsonValue::Object{{"head", excerpt.head}, {"cut", excerpt.cut}, {"tail", excerpt.tail}});
  }
  return value;
}

JsonValue::Array rates_to_json(const RateTable& table) {
  JsonValue::Array array;
  for (const Rate& rate : table.rates()) {
    const Interval interval = wilson_interval(rate.passed, rate.sessions);
    array.push_back(JsonValue::Object{{"testcase", rate.cell},
                                      {"passed", std::uint64_t{rate.passed}},
                                      {"sessions", std::uint64_t{rate.sessions}},
                                      {"wilson-95", JsonValue::Array{interval.low, interval.high}}});
  }
  return array;
}

}  // namespace

struct JsonReporter::State {
  explicit State(const JsonReportOptions& options) : file(options.path) {}
  ReportFile file;
  Pieces results;
  RateTable rates;
};

JsonReporter::JsonReporter(JsonReportOptions options) : state_(std::make_unique<State>(options)) {}
JsonReporter::~JsonReporter() = default;

void JsonReporter::finished(const RunResult& result) {
  const std::string_view separator = state_->results.extents.empty() ? "\n  " : ",\n  ";
  state_->file.set_aside(fmt::format("{}{}", separator, write_json(reported(result))), state_->results);
  state_->rates.add(result);
}

Result<void> JsonReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  ReportFile& file = state_->file;
  file.write(fmt::format("{{\n\"schema\": \"{}\",\n\"run\": {},\n\"totals\": {},\n\"missing\": {},\n\"results\": [",
                         kReportSchema, write_json(to_json(run)), write_json(to_json(totals)), missing));
  file.write(state_->results);
  file.write("\n]");
  if (const JsonValue::Array rates = rates_to_json(state_->rates); !rates.empty()) {
    file.write(fmt::format(",\n\"rates\": {}", write_json(rates)));
  }
  file.write("\n}\n");
  return file.finish();
}

}  // namespace bootrig
