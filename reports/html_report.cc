#include "reports/html_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/utf8.h"
#include "reports/html_console.h"
#include "reports/html_page.h"
#include "reports/report_file.h"
#include "reports/story.h"
#include "run/result_json.h"
#include "run/transcript_file.h"

namespace bootrig {
namespace {

constexpr std::string_view kSchema = "bootrig-page-1";
// Of what passed, head and tail of so many bytes each are enough to compare with.
constexpr std::size_t kPassedPart = 8 * 1024;
// Enough for no two troubles to meet by chance.
constexpr std::size_t kSamenessDigits = 16;

Excerpt shortened(const Excerpt& excerpt, std::size_t part) {
  const std::string text = excerpt.cut == 0 ? excerpt.head + excerpt.tail : excerpt.head;
  if (excerpt.cut == 0 && text.size() <= 2 * part) return {text, 0, ""};
  const std::string_view head = head_of(excerpt.cut == 0 ? text : excerpt.head, part);
  const std::string_view tail = tail_of(excerpt.cut == 0 ? text : excerpt.tail, part);
  const std::uint64_t all = excerpt.head.size() + excerpt.cut + excerpt.tail.size();
  return {std::string(head), all - head.size() - tail.size(), std::string(tail)};
}

}  // namespace

std::string json_in_html(const JsonValue& value) {
  const std::string json = write_json(value);
  std::string safe;
  safe.reserve(json.size());
  // '<' stands in strings alone, where an escape means the same.
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = std::string_view(json).substr(i);
    if (json[i] == '<') {
      safe += "\\u003c";
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      safe += json[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += json[i];
    }
  }
  return safe;
}

struct HtmlReporter::State {
  explicit State(HtmlOptions given) : options(std::move(given)), file(options.path) {}

  HtmlOptions options;
  ReportFile file;
  Pieces results;
  std::uint64_t without_console = 0;

  // What the last attempt said, as far as there is room for it in the page.
  std::optional<JsonValue> console_of(const RunResult& result) {
    if (result.attempts.empty() || result.attempts.back().outcome.bytes == 0) return std::nullopt;
    const Attempt& attempt = result.attempts.back();
    const bool passed = attempt.verdict.kind == VerdictKind::kPass;
    const auto folder = options.run_folder.empty() ? std::filesystem::path() : options.run_folder / attempt.folder;
    Excerpt excerpt = result.transcript;
    if (!folder.empty()) excerpt = read_excerpt(folder, attempt.outcome.bytes_dropped).value_or(excerpt);
    if (passed) excerpt = shortened(excerpt, kPassedPart);
    const std::uint64_t size = excerpt.head.size() + excerpt.tail.size();
    std::uint64_t& budget = passed ? options.passed_budget : options.failed_budget;
    if (size == 0 || size > budget) {
      ++without_console;
      return std::nullopt;
    }
    budget -= size;
    return console_json(excerpt, folder);
  }

  JsonValue record_of(const RunResult& result) {
    JsonValue value = to_json(result);
    auto& object = std::get<JsonValue::Object>(value.value);
    object.emplace_back("gates", gates(result.standing));
    if (result.verdict.kind == VerdictKind::kError) {
      object.emplace_back("who-must-act", who_must_act(result.verdict.cause));
    }
    object.emplace_back("headline", headline(result));
    object.emplace_back("summary", summary_line(result));
    if (result.recheck) object.emplace_back("recheck-words", recheck_words(result));
    object.emplace_back("sameness", sha256_hex(sameness(result)).substr(0, kSamenessDigits));
    if (auto console = console_of(result)) object.emplace_back("console", std::move(*console));
    return value;
  }
};

HtmlReporter::HtmlReporter(HtmlOptions options) : state_(std::make_unique<State>(std::move(options))) {}
HtmlReporter::~HtmlReporter() = default;

void HtmlReporter::finished(const RunResult& result) {
  const std::string_view separator = state_->results.extents.empty() ? "\n" : ",\n";
  state_->file.set_aside(fmt::format("{}{}", separator, json_in_html(state_->record_of(result))), state_->results);
}

Result<void> HtmlReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  BOOTRIG_TRY(const HtmlPage page, html_page());
  ReportFile& file = state_->file;
  file.write(page.before);
  file.write(fmt::format("{{\"schema\":\"{}\",\n\"run\":{},\n\"totals\":{},\n\"missing\":{},\n", kSchema,
                         json_in_html(to_json(run)), json_in_html(to_json(totals)), missing));
  if (const auto& history = state_->options.history) {
    file.write(fmt::format("\"history\":{},\n", json_in_html(history())));
  }
  file.write(fmt::format("\"without-console\":{},\n\"results\":[", state_->without_console));
  file.write(state_->results);
  file.write("\n]}");
  file.write(page.behind);
  return file.finish();
}

}  // namespace bootrig
