#include "reports/ktap.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/console_text.h"
#include "reports/report_file.h"
#include "reports/story.h"

namespace bootrig {
namespace {

constexpr std::string_view kVersion = "KTAP version 1";

struct TargetResults {
  std::size_t count = 0;
  bool ok = true;
  Pieces results;
};

// A description ends where a directive begins.
std::string description(std::string_view text) {
  std::string safe = console_text(text);
  std::ranges::replace(safe, '#', '.');
  return safe;
}

bool is_timeout(Cause cause) {
  return cause == Cause::kBootTimeout || cause == Cause::kTestTimeout || cause == Cause::kInactivity;
}

std::string directive(const RunResult& result) {
  const auto with = [&](std::string_view word) {
    return fmt::format(" # {} {}", word, console_text(summary_line(result)));
  };
  switch (result.standing) {
    case Standing::kPassed:
    case Standing::kFlaky:
    case Standing::kUnexpectedPass:
      return "";
    case Standing::kExpectedFailure:
      return with("XFAIL");
    case Standing::kSkipped:
      return with("SKIP");
    case Standing::kQuarantined:
      return with("TODO");
    case Standing::kErrored:
      return with("ERROR");
    case Standing::kFailed:
    case Standing::kWrongFailure:
      return is_timeout(result.verdict.cause) ? with("TIMEOUT") : "";
  }
  return "";
}

bool is_ok(Standing standing) {
  return !gates(standing) && standing != Standing::kQuarantined;
}

}  // namespace

struct KtapReporter::State {
  explicit State(const KtapOptions& options) : file(options.path) {}
  ReportFile file;
  std::map<std::string, TargetResults> subtests;  // by target
};

KtapReporter::KtapReporter(KtapOptions options) : state_(std::make_unique<State>(options)) {}
KtapReporter::~KtapReporter() = default;

void KtapReporter::finished(const RunResult& result) {
  TargetResults& subtest = state_->subtests[result.target];
  ++subtest.count;
  subtest.ok &= !gates(result.standing);
  std::string text;
  if (!is_ok(result.standing) || result.standing == Standing::kFlaky) {
    text += fmt::format("  # {}: {}\n", console_text(result.id), console_text(headline(result)));
    for (const StoryLine& line : story_of(result)) {
      text += fmt::format("  #   {:10} {}\n", line.label, console_text(line.text));
    }
  }
  text += fmt::format("  {} {} {}{}\n", is_ok(result.standing) ? "ok" : "not ok", subtest.count,
                      description(testcase_name(result)), directive(result));
  state_->file.set_aside(text, subtest.results);
}

Result<void> KtapReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  ReportFile& file = state_->file;
  const bool trouble = missing > 0 || totals.total() == 0;
  file.write(fmt::format("{}\n1..{}\n", kVersion, state_->subtests.size() + trouble));
  std::size_t number = 0;
  for (const auto& [target, subtest] : state_->subtests) {
    file.write(fmt::format("  {}\n  # Subtest: {}\n  1..{}\n", kVersion, description(target), subtest.count));
    file.write(subtest.results);
    file.write(fmt::format("{} {} {}\n", subtest.ok ? "ok" : "not ok", ++number, description(target)));
  }
  if (trouble) {
    file.write(fmt::format("  {}\n  # Subtest: bootrig\n  1..1\n", kVersion));
    file.write(fmt::format("  not ok 1 run # ERROR {} of {} planned testcases have no result\n", missing, run.planned));
    file.write(fmt::format("not ok {} bootrig\n", ++number));
  }
  return file.finish();
}

}  // namespace bootrig
