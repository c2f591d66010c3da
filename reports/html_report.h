// report.html: the run as one page for people, which needs no network and no other file. The page itself is built from
// reports/html; this puts the run's JSON into it.
//
// The JSON, "bootrig-page-1":
//   run, totals, missing   as in report.json (reports/report.schema.json)
//   results                as in report.json, without "transcript", and with
//     headline, summary    one line each, as the terminal says them
//     sameness             equal for failures that are the same trouble; says nothing by itself
//     console              what the last attempt said; absent: not one byte, or left out for the page's size
//       head, tail         arrays of [milliseconds since power-on or null, text], a line each
//       cut-bytes          left out between them
//       tail-first         number of the tail's first line; 0: unknown
//   without-console        how many results have no console though there was output: the page's size is limited
//   history                earlier runs, in any order, this one not among them; absent: none is known
//     time                 Unix milliseconds of the run's start
//     revision             of the project
//     counts               by standing, as totals
//     testcases            by id: [standing, seconds from power-on to the end]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "json/value.h"
#include "run/result.h"

namespace bootrig {

struct HtmlOptions {
  std::filesystem::path path;
  // What attempts' folders are relative to: transcripts and arrival times are read there. Empty: the page has what the
  // results themselves hold, without times.
  std::filesystem::path run_folder = {};
  // Asked once, at the end.
  std::function<JsonValue::Array()> history = {};
  // Bytes of transcripts in the page, of what failed and of what passed: a page of 100 MB opens in no browser.
  std::uint64_t failed_budget = std::uint64_t{24} << 20;
  std::uint64_t passed_budget = std::uint64_t{8} << 20;
};

// Memory: none per result; they go to a nameless file beside the report. end() fails with the reason when this bootrig
// was built without the page (html_page.h): who does not want that asks before.
class HtmlReporter final : public Reporter {
 public:
  explicit HtmlReporter(HtmlOptions options);
  ~HtmlReporter() override;
  void finished(const RunResult& result) override;
  Result<void> end(const RunInfo& run, const RunTotals& totals, std::size_t missing) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// JSON that may stand in a <script> element: no byte of it can end the element, or look as if.
std::string json_in_html(const JsonValue& value);

}  // namespace bootrig
