#include "reports/junit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tinyxml2.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "reports/rates.h"
#include "reports/report_file.h"
#include "reports/story.h"
#include "reports/xml_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kStderrLimit = 8 * 1024;
constexpr std::size_t kEndOfTranscript = 8 * 1024;
constexpr std::size_t kEndLines = 30;
constexpr std::size_t kUnfinishedNamed = 20;

// A piece of an XML document in memory, element by element. All bytes given are made legal here, so
// no caller can forget it.
class XmlWriter {
 public:
  // `depth`: how far the piece's first element is indented.
  explicit XmlWriter(int depth) : printer_(nullptr, false, depth) {}

  // Names must live as long as the writer: literals.
  XmlWriter& open(const char* name) {
    printer_.OpenElement(name);
    return *this;
  }
  XmlWriter& attribute(const char* name, std::string_view bytes) {
    printer_.PushAttribute(name, xml_attribute(bytes).c_str());
    return *this;
  }
  XmlWriter& text(std::string_view bytes) {
    printer_.PushText(xml_guest_text(bytes).c_str());
    return *this;
  }
  // Text of ours that may hold "[[ATTACHMENT|".
  XmlWriter& trusted_text(std::string_view bytes) {
    printer_.PushText(xml_text(bytes).c_str());
    return *this;
  }
  XmlWriter& close() {
    printer_.CloseElement();
    return *this;
  }
  // A whole <property>.
  XmlWriter& property(std::string_view name, std::string_view value) {
    return open("property").attribute("name", name).attribute("value", value).close();
  }
  // What was written. An element that is still open has its start tag closed, and its end tag left
  // to the caller.
  std::string take() {
    printer_.PushText("");
    return std::string(printer_.CStr(), static_cast<std::size_t>(printer_.CStrSize()) - 1);
  }

 private:
  tinyxml2::XMLPrinter printer_;
};

struct Counts {
  std::uint64_t tests = 0, failures = 0, errors = 0, skipped = 0;
  Duration time{0};
};

struct Suite {
  Counts counts;
  std::int64_t started_at_ms = 0;
  std::map<std::string, std::string> values;  // of the target: level, gic, ...
  std::set<std::string> accelerators;         // as proven by its machines
  std::set<std::string> emulators;
  RateTable rates;
  Pieces testcases;
};

// Which element says how a testcase stands; "" for an ordinary pass.
const char* element_of(Standing standing) {
  switch (standing) {
    case Standing::kFailed:
    case Standing::kUnexpectedPass:
    case Standing::kWrongFailure:
      return "failure";
    case Standing::kErrored:
      return "error";
    case Standing::kSkipped:
    case Standing::kQuarantined:
      return "skipped";
    case Standing::kPassed:
    case Standing::kExpectedFailure:
    case Standing::kFlaky:
      return "";
  }
  return "";
}

std::string_view type_of(const RunResult& result) {
  switch (result.standing) {
    case Standing::kUnexpectedPass:
      return "unexpected-pass";
    case Standing::kQuarantined:
      return "quarantined";
    case Standing::kSkipped:
      return "skip";
    default:
      return to_text(result.verdict.cause);
  }
}

// Three decimals, no exponent.
std::string seconds(Duration duration) {
  const auto milliseconds = std::max<std::int64_t>(0, duration / std::chrono::milliseconds(1));
  return fmt::format("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

std::string timestamp(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}+00:00", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

std::string joined(const std::set<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// The last lines that the console said.
std::string end_of(const Excerpt& excerpt) {
  const std::string whole = excerpt.cut == 0 ? excerpt.head + excerpt.tail : excerpt.tail;
  const auto lines = split_lines(tail_of(whole, kEndOfTranscript));
  std::string text;
  for (std::size_t i = lines.size() - std::min(lines.size(), kEndLines); i < lines.size(); ++i) {
    text += fmt::format("| {}\n", lines[i]);
  }
  return text;
}

std::string body_of(const RunResult& result) {
  std::string body = fmt::format("{}: {}\n\n{}", result.id, headline(result), to_text(story_of(result)));
  const std::string end = end_of(result.transcript);
  if (!end.empty()) body += "\nThe end of the transcript:\n" + end;
  return body;
}

void write_verdict(const RunResult& result, XmlWriter& xml) {
  const char* element = element_of(result.standing);
  if (*element == '\0') return;
  xml.open(element).attribute("type", type_of(result)).attribute("message", summary_line(result));
  if (result.standing != Standing::kSkipped) xml.text(body_of(result));
  xml.close();
}

// The attempts before the last, those of one kind: <flakyFailure>, <rerunError>, ...
void write_earlier_attempts(const RunResult& result, VerdictKind kind, const char* element, XmlWriter& xml) {
  for (std::size_t i = 0; i + 1 < result.attempts.size(); ++i) {
    const Attempt& attempt = result.attempts[i];
    if (attempt.verdict.kind != kind) continue;
    xml.open(element)
        .attribute("type", to_text(attempt.verdict.cause))
        .attribute("message", fmt::format("attempt {}: {}", i + 1, attempt.verdict.detail));
    xml.open("stackTrace")
        .text(fmt::format("attempt {}: {}\n\n{}", i + 1, verdict_words(attempt.verdict), to_text(story_of(attempt))))
        .close();
    xml.close();
  }
}

void write_machine_errors(const RunResult& result, XmlWriter& xml) {
  if (result.attempts.empty() || result.standing == Standing::kPassed) return;
  const std::string& errors = result.attempts.back().outcome.machine.errors;
  if (!errors.empty()) xml.open("system-err").text(cut_middle(errors, kStderrLimit / 2, kStderrLimit / 2)).close();
}

// Extended flavour: what JUnit has no place for.
void write_properties(const RunResult& result, XmlWriter& xml) {
  xml.open("properties");
  xml.property("standing", to_text(result.standing));
  xml.property("verdict", verdict_words(result.verdict));
  xml.property("image", result.image);
  xml.property("image-sha256", result.image_sha256);
  xml.property("attempts", std::to_string(result.attempts.size()));
  if (!result.attempts.empty()) {
    const Outcome& outcome = result.attempts.back().outcome;
    xml.property("termination", to_text(outcome.termination));
    xml.property("transcript-sha256", outcome.transcript_sha256);
    xml.property("accelerator", outcome.machine.accelerator);
    xml.property("matched", fmt::format("{} of {}", outcome.matched, outcome.expected));
    xml.property("seconds-wall", seconds(outcome.wall));
    xml.property("seconds-first-output", seconds(outcome.first_output));
    xml.property("seconds-starved", seconds(outcome.starved));
    xml.property("seconds-cpu", seconds(outcome.machine.cpu_time));
    for (const auto& [name, value] : outcome.captures) xml.property("capture." + name, value);
  }
  if (result.recheck) xml.property("recheck", recheck_words(result));
  xml.property("repeat", result.repeat_command);
  xml.close();
}

void write_counts(const Counts& counts, bool with_skipped, XmlWriter& xml) {
  xml.attribute("tests", std::to_string(counts.tests));
  xml.attribute("failures", std::to_string(counts.failures));
  xml.attribute("errors", std::to_string(counts.errors));
  if (with_skipped) xml.attribute("skipped", std::to_string(counts.skipped));
  xml.attribute("time", seconds(counts.time));
}

// What the guest said of a subtest, as an element; one that failed in a cell that does not gate fails nothing.
const char* element_of(const Subtest& subtest, Standing standing) {
  if (subtest.status == Subtest::Status::kPass) return "";
  return subtest.status == Subtest::Status::kFail && gates(standing) ? "failure" : "skipped";
}

void write_subtests(const RunResult& result, XmlWriter& xml) {
  for (const Subtest& subtest : result.subtests) {
    xml.open("testcase").attribute("name", fmt::format("{}: {}", testcase_name(result), subtest.name));
    xml.attribute("classname", result.target).attribute("time", "0.000");
    const char* element = element_of(subtest, result.standing);
    if (*element != '\0') {
      const bool failed = subtest.status == Subtest::Status::kFail;
      const std::string message =
          fmt::format("line {}{}{}", subtest.line, subtest.detail.empty() ? "" : ": ", subtest.detail);
      xml.open(element).attribute("type", failed ? to_text(Cause::kFailedSubtest) : "skip");
      xml.attribute("message", message).close();
    }
    xml.close();
  }
}

void count(const RunResult& result, Counts& counts) {
  const std::string_view element = element_of(result.standing);
  ++counts.tests;
  counts.failures += element == "failure";
  counts.errors += element == "error";
  counts.skipped += element == "skipped";
  counts.time += std::max(Duration::zero(), result.duration);
  for (const Subtest& subtest : result.subtests) {
    const std::string_view below = element_of(subtest, result.standing);
    ++counts.tests;
    counts.failures += below == "failure";
    counts.skipped += below == "skipped";
  }
}

std::string suite_head(const std::string& target, const Suite& suite, const RunInfo& run) {
  XmlWriter xml(1);
  xml.open("testsuite").attribute("name", target);
  write_counts(suite.counts, true, xml);
  xml.attribute("timestamp", timestamp(suite.started_at_ms));
  xml.attribute("hostname", std::string_view(run.host).substr(0, run.host.find_first_of(", ")));
  xml.open("properties");
  for (const auto& [key, value] : suite.values) {
    if (key != "accelerator") xml.property(key, value);
  }
  const auto asked = suite.values.find("accelerator");
  xml.property("accelerator", !suite.accelerators.empty()   ? joined(suite.accelerators)
                              : asked == suite.values.end() ? "never proven"
                                                            : "never proven, asked for " + asked->second);
  xml.property("emulator", suite.emulators.empty() ? run.emulator : joined(suite.emulators));
  xml.property("host", run.host);
  xml.property("revision", run.revision);
  xml.property("bootrig", run.tool_version);
  xml.property("command", run.command);
  for (const Rate& rate : suite.rates.rates()) {
    xml.property("rate " + rate.cell.substr(0, rate.cell.rfind('@')), rate_words(rate));
  }
  xml.close();
  return xml.take() + "\n";
}

}  // namespace

struct JUnitReporter::State {
  explicit State(JUnitOptions given) : options(std::move(given)), file(options.path) {}

  std::string attachment(const std::filesystem::path& folder) const;
  void write_output(const RunResult& result, XmlWriter& xml);
  std::string excerpt(const Excerpt& whole);
  void write_trouble(const std::string& type, const std::string& message);

  JUnitOptions options;
  ReportFile file;
  std::map<std::string, Suite> suites;
  std::set<std::string> running;
  std::uint64_t transcript_bytes = 0;
};

// "[[ATTACHMENT|cells/x/1/transcript.raw]]", relative to the report.
std::string JUnitReporter::State::attachment(const std::filesystem::path& folder) const {
  std::filesystem::path path = folder / "transcript.raw";
  if (!options.run_folder.empty()) {
    std::error_code none;
    const auto from = std::filesystem::absolute(options.path, none).parent_path().lexically_normal();
    path = std::filesystem::absolute(options.run_folder / path, none).lexically_normal().lexically_relative(from);
  }
  return fmt::format("[[ATTACHMENT|{}]]\n", path.string());
}

std::string JUnitReporter::State::excerpt(const Excerpt& whole) {
  const auto [head, cut, tail] = bounded(whole);
  if (head.empty() && tail.empty()) return "";
  std::string text(head);
  if (cut > 0) text += fmt::format("\n[... {} bytes left out ...]\n", cut);
  text = xml_guest_text(text.append(tail));
  if (transcript_bytes + text.size() > options.transcript_budget) {
    return fmt::format("[the transcript is left out: this report already holds {} bytes of transcripts]\n",
                       transcript_bytes);
  }
  transcript_bytes += text.size();
  return text;
}

// The raw transcripts as attachments, the last attempt's first: some readers take only one.
void JUnitReporter::State::write_output(const RunResult& result, XmlWriter& xml) {
  std::string text;
  for (std::size_t i = result.attempts.size(); i-- > 0;) {
    if (!result.attempts[i].folder.empty()) text += attachment(result.attempts[i].folder);
  }
  if (result.standing == Standing::kExpectedFailure && result.expected_failure) {
    text += xml_guest_text(
        fmt::format("{}: {}\nreason: {}\n", headline(result), result.verdict.detail, result.expected_failure->reason));
  } else if (result.standing != Standing::kPassed) {
    text += excerpt(result.transcript);
  }
  if (*element_of(result.standing) == '\0') {
    for (const Finding& finding : result.findings) text += xml_guest_text("preflight: " + to_line(finding) + "\n");
  }
  if (!text.empty()) xml.open("system-out").trusted_text(text).close();
}

// One testcase in a suite of our own: the run itself went wrong.
void JUnitReporter::State::write_trouble(const std::string& type, const std::string& message) {
  std::string body = message + "\n";
  std::size_t named = 0;
  for (const std::string& id : running) {
    if (++named > kUnfinishedNamed) break;
    body += fmt::format("running at the end: {}\n", id);
  }
  XmlWriter xml(1);
  xml.open("testsuite").attribute("name", "bootrig");
  write_counts({.tests = 1, .failures = 0, .errors = 1, .skipped = 0, .time = Duration{0}}, true, xml);
  xml.open("testcase").attribute("name", "run").attribute("classname", "bootrig").attribute("time", "0.000");
  xml.open("error").attribute("type", type).attribute("message", message).text(body);
  xml.close().close().close();
  file.write(xml.take() + "\n");
}

JUnitReporter::JUnitReporter(JUnitOptions options) : state_(std::make_unique<State>(std::move(options))) {}
JUnitReporter::~JUnitReporter() = default;

void JUnitReporter::started(const std::string& id) {
  state_->running.insert(id);
}

void JUnitReporter::finished(const RunResult& result) {
  state_->running.erase(result.id);
  Suite& suite = state_->suites[result.target];
  if (suite.counts.tests == 0) suite.values = result.target_values;
  if (suite.counts.tests == 0 || result.started_at_ms < suite.started_at_ms) {
    suite.started_at_ms = result.started_at_ms;
  }
  count(result, suite.counts);
  suite.rates.add(result);
  for (const Attempt& attempt : result.attempts) {
    const MachineFacts& machine = attempt.outcome.machine;
    if (!machine.accelerator.empty()) suite.accelerators.insert(machine.accelerator);
    if (!machine.emulator_version.empty()) suite.emulators.insert("QEMU " + machine.emulator_version);
  }

  XmlWriter xml(2);
  xml.open("testcase").attribute("name", testcase_name(result)).attribute("classname", result.target);
  xml.attribute("time", seconds(result.duration));
  if (state_->options.flavor == JUnitFlavor::kExtended) write_properties(result, xml);
  const std::string_view element = element_of(result.standing);
  if (element == "failure") write_verdict(result, xml);
  const bool flaky = element.empty() || element == "skipped";
  write_earlier_attempts(result, VerdictKind::kFail, flaky ? "flakyFailure" : "rerunFailure", xml);
  if (element != "failure") write_verdict(result, xml);
  write_earlier_attempts(result, VerdictKind::kError, flaky ? "flakyError" : "rerunError", xml);
  state_->write_output(result, xml);
  write_machine_errors(result, xml);
  xml.close();
  write_subtests(result, xml);
  state_->file.set_aside(xml.take() + "\n", suite.testcases);
}

Result<void> JUnitReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  Counts sum;
  for (const auto& [target, suite] : state_->suites) {
    sum.tests += suite.counts.tests;
    sum.failures += suite.counts.failures;
    sum.errors += suite.counts.errors;
    sum.time += suite.counts.time;
  }
  const bool trouble = missing > 0 || totals.total() == 0;
  sum.tests += trouble;
  sum.errors += trouble;

  ReportFile& file = state_->file;
  XmlWriter root(0);
  root.open("testsuites").attribute("name", run.name);
  write_counts(sum, false, root);
  file.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root.take() + "\n");
  for (const auto& [target, suite] : state_->suites) {
    file.write(suite_head(target, suite, run));
    file.write(suite.testcases);
    file.write("    </testsuite>\n");
  }
  if (missing > 0) {
    state_->write_trouble("interrupted",
                          fmt::format("{} of {} planned testcases have no result", missing, run.planned));
  } else if (trouble) {
    state_->write_trouble("no-results", "no testcase was run");
  }
  file.write("</testsuites>\n");
  return file.finish();
}

}  // namespace bootrig
