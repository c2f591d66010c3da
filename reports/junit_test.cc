#include "reports/junit.h"

#include <gtest/gtest.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlschemas.h>

#include <cstdarg>
#include <memory>

#include "base/file.h"
#include "reports/samples_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using Document = std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)>;

Document parse(const std::string& text) {
  // No XML_PARSE_HUGE: readers have the limits of libxml2's defaults.
  return Document(xmlReadMemory(text.data(), static_cast<int>(text.size()), "junit.xml", nullptr, XML_PARSE_NOERROR),
                  &xmlFreeDoc);
}

void collect(void* text, const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  *static_cast<std::string*>(text) += line;
}

// What a schema in reports/ says against the text; "" when it is valid.
std::string against(const std::string& schema_name, const std::string& text) {
  std::string problems;
  const std::string path = source_path("reports/") + schema_name;
  const std::unique_ptr<xmlSchemaParserCtxt, decltype(&xmlSchemaFreeParserCtxt)> parser(
      xmlSchemaNewParserCtxt(path.c_str()), &xmlSchemaFreeParserCtxt);
  xmlSchemaSetParserErrors(parser.get(), collect, collect, &problems);
  const std::unique_ptr<xmlSchema, decltype(&xmlSchemaFree)> schema(xmlSchemaParse(parser.get()), &xmlSchemaFree);
  if (!schema) return "bad schema: " + problems;
  const std::unique_ptr<xmlSchemaValidCtxt, decltype(&xmlSchemaFreeValidCtxt)> context(
      xmlSchemaNewValidCtxt(schema.get()), &xmlSchemaFreeValidCtxt);
  xmlSchemaSetValidErrors(context.get(), collect, collect, &problems);
  const Document document = parse(text);
  if (!document) return "not well-formed";
  const int verdict = xmlSchemaValidateDoc(context.get(), document.get());
  return verdict == 0 ? "" : "invalid: " + problems;
}

std::string junit_of(const std::vector<RunResult>& results, JUnitFlavor flavor = JUnitFlavor::kStrict,
                     std::size_t missing = 0, std::uint64_t budget = 1 << 20) {
  const std::string path = temporary_path("junit.xml");
  JUnitReporter reporter({.path = path, .flavor = flavor, .run_folder = {}, .transcript_budget = budget});
  const auto reported = report(reporter, results, missing);
  EXPECT_TRUE(reported) << to_text(reported.error());
  const std::string text = read_file(path).value_or("");
  std::filesystem::remove(path);
  return text;
}

std::size_t occurrences(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(JUnit, ReadsAsApproved) {
  const std::string text = junit_of(sample_results(), JUnitFlavor::kStrict, 3);
  EXPECT_EQ(against("junit.xsd", text), "");
  expect_approved("junit.xml", text);
}

TEST(JUnit, TheExtendedFlavourAddsPropertiesAlone) {
  const std::string text = junit_of(sample_results(), JUnitFlavor::kExtended);
  EXPECT_EQ(against("junit-extended.xsd", text), "");
  EXPECT_NE(against("junit.xsd", text), "");
  EXPECT_NE(text.find(R"(<property name="capture.level" value="2"/>)"), std::string::npos);
  EXPECT_NE(text.find(R"(<property name="termination" value="diverged"/>)"), std::string::npos);
  EXPECT_NE(text.find(R"(<property name="seconds-wall" value="1.234"/>)"), std::string::npos);
}

// The schema must be able to say no, or the tests above say nothing.
TEST(JUnit, TheSchemaRefusesWhatReadersRefuse) {
  const std::string good = junit_of({passed_sample("boot/hello", "2")});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  EXPECT_EQ(against("junit.xsd", good), "");
  EXPECT_NE(against("junit.xsd", with("time=\"1.234\"", "time=\"1.2345\"")), "");
  EXPECT_NE(against("junit.xsd", with("time=\"1.234\"", "time=\"1e3\"")), "");
  EXPECT_NE(against("junit.xsd", with("<testcase ", "<testcase file=\"x\" ")), "");
  EXPECT_NE(against("junit.xsd", with("</testcase>", "<failure type=\"x\" message=\"y\"/></testcase>")), "");
  EXPECT_NE(against("junit.xsd", with("<testsuites ", "<testsuites skipped=\"0\" ")), "");
}

TEST(JUnit, CountsAgreeWithItsElements) {
  const std::string text = junit_of(sample_results());
  EXPECT_EQ(occurrences(text, "<testcase "), sample_results().size());
  // failed: two diverged, exception, silent, retried; and an unexpected pass and a wrong failure.
  EXPECT_EQ(occurrences(text, "<failure "), 9u);
  EXPECT_EQ(occurrences(text, "<error "), 2u);
  EXPECT_EQ(occurrences(text, "<skipped "), 4u);
  EXPECT_NE(text.find(R"(<testsuites name="nightly" tests="19" failures="9" errors="2")"), std::string::npos);
}

TEST(JUnit, AnExpectedFailureIsAnOrdinaryPass) {
  const std::string text = junit_of({expected_failure_sample()});
  EXPECT_NE(text.find(R"(failures="0" errors="0" skipped="0")"), std::string::npos);
  EXPECT_NE(text.find("reason: the kernel's window is left unmapped on purpose"), std::string::npos);
}

TEST(JUnit, SubtestsAreTestcasesBelowTheirOwn) {
  RunResult result = diverged_sample("3");
  result.subtests = {{"s.a", Subtest::Status::kPass, "", 1},
                     {"s.b", Subtest::Status::kFail, "1 \x1b== 2", 2},
                     {"s.c", Subtest::Status::kSkip, "no timer", 3}};
  const std::string text = junit_of({result});
  EXPECT_EQ(against("junit.xsd", text), "");
  EXPECT_NE(text.find(R"(tests="4" failures="2" errors="0" skipped="1")"), std::string::npos) << text;
  EXPECT_NE(text.find(": s.b\" "), std::string::npos);
  EXPECT_NE(text.find(R"(<failure type="failed-subtest" message="line 2: 1 )"), std::string::npos);
  EXPECT_NE(text.find(R"(<skipped type="skip" message="line 3: no timer"/>)"), std::string::npos);

  RunResult expected = expected_failure_sample();
  expected.subtests = result.subtests;
  EXPECT_NE(junit_of({expected}).find(R"(tests="4" failures="0" errors="0" skipped="2")"), std::string::npos);
}

TEST(JUnit, AMissingResultIsAnError) {
  const std::string text = junit_of({passed_sample("boot/hello", "2")}, JUnitFlavor::kStrict, 7);
  EXPECT_EQ(against("junit.xsd", text), "");
  EXPECT_NE(text.find(R"(<error type="interrupted" message="7 of 8 planned testcases have no result">)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(tests="2" failures="0" errors="1")"), std::string::npos);
}

TEST(JUnit, AnEmptyRunIsAnError) {
  const std::string text = junit_of({});
  EXPECT_EQ(against("junit.xsd", text), "");
  EXPECT_NE(text.find(R"(<error type="no-results" message="no testcase was run">)"), std::string::npos);
}

// The words of the sample: every byte value in every place that a guest, a compiler or a user can
// fill.
TEST(JUnit, HostileBytesInEveryPlaceStayXml) {
  std::string bytes = "]]><script>alert(1)</script>&#0;<!--";
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  bytes += "\xed\xa0\x80\xef\xbf\xbe\xf4\x90\x80\x80";
  RunResult result = diverged_sample("3");
  result.expected_failure = ExpectedFailure{"fail", bytes, bytes, bytes, bytes};
  result.standing = Standing::kWrongFailure;
  result.id = result.scenario = result.target = result.quarantine = result.repeat_command = bytes;
  result.image = result.image_sha256 = result.verdict.detail = bytes;
  result.target_values = {{bytes, bytes}};
  result.transcript = {bytes, 1, bytes};
  result.attempts.push_back(result.attempts[0]);
  for (Attempt& attempt : result.attempts) {
    attempt.verdict.detail = bytes;
    attempt.folder = bytes.substr(0, 100);
    attempt.outcome.captures = {{bytes, bytes}};
    attempt.outcome.machine.errors = bytes;
    attempt.outcome.machine.accelerator = attempt.outcome.machine.emulator_version = bytes;
    attempt.outcome.divergence =
        Divergence{bytes, bytes, SeenLine{1, 2, bytes}, {{0, 0, bytes}}, {{2, 3, bytes}}, true};
  }
  EXPECT_EQ(against("junit.xsd", junit_of({result})), "");
  EXPECT_EQ(against("junit-extended.xsd", junit_of({result}, JUnitFlavor::kExtended)), "");
}

// 12 MB in one text or attribute is more than libxml2's default limit of 10 MB.
TEST(JUnit, TwelveMegabytesAreCut) {
  std::string bytes;
  while (bytes.size() < 12'000'000) bytes += "a line \x1b[0m of the console\r\n";
  RunResult result = diverged_sample("3");
  result.transcript = {bytes, 5, bytes};
  result.verdict.detail = bytes;
  result.attempts[0].outcome.divergence->seen->text = std::string(12'000'000, '\x01');
  result.attempts[0].outcome.machine.errors = bytes;
  const std::string text = junit_of({result}, JUnitFlavor::kStrict, 0, 64 << 20);
  EXPECT_EQ(against("junit.xsd", text), "");
  EXPECT_LT(text.size(), 1'000'000u);
  EXPECT_NE(text.find("[... " + std::to_string(2 * bytes.size() + 5 - 2 * 65536) + " bytes left out ...]"),
            std::string::npos);
}

TEST(JUnit, TranscriptsPastTheBudgetAreLeftOut) {
  RunResult result = diverged_sample("3");
  result.transcript = {std::string(600, 'a'), 0, ""};
  const std::string text = junit_of({result, result}, JUnitFlavor::kStrict, 0, 1000);
  EXPECT_EQ(occurrences(text, "[the transcript is left out: this report already holds 600 bytes of transcripts]"), 1u);
}

TEST(JUnit, AttachmentsAreRelativeToTheReport) {
  const std::string folder = temporary_path("attachments");
  JUnitReporter reporter(
      {.path = folder + "/ci/junit.xml", .flavor = JUnitFlavor::kStrict, .run_folder = folder + "/runs/7"});
  ASSERT_TRUE(report(reporter, {passed_sample("boot/hello", "2")}));
  const std::string text = read_file(folder + "/ci/junit.xml").value();
  EXPECT_NE(text.find("[[ATTACHMENT|../runs/7/cells/boot/hello@virt[gic=2]/1/transcript.raw]]"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(JUnit, OnlyOurOwnAttachmentsAreAttachments) {
  const std::string text = junit_of({exception_sample()});
  EXPECT_EQ(occurrences(text, "[[ATTACHMENT|"), 1u);
}

TEST(JUnit, AFullDiskIsOneError) {
  JUnitReporter reporter({.path = "/dev/full"});
  const auto result = report(reporter, sample_results());
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "/dev/full: cannot write: No space left on device");
}

// The bench prints the largest memory of a run of 100,000 results, a failure with a transcript in
// every 50.
TEST(JUnit, AHundredThousandResultsStayUnder64MiB) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's memory is not ours";
#endif
  const std::string command = build_path("bench/junit_bench 100000 ") + temporary_path("bench");
  const std::unique_ptr<FILE, decltype(&pclose)> pipe(popen(command.c_str(), "r"), &pclose);
  ASSERT_NE(pipe, nullptr);
  unsigned long long results = 0, bytes = 0, peak_kib = 0;
  ASSERT_EQ(std::fscanf(pipe.get(), "results %llu bytes %llu peak-kib %llu", &results, &bytes, &peak_kib), 3)
      << "is junit_bench built?";
  EXPECT_EQ(results, 100'000u);
  EXPECT_GT(bytes, 20'000'000u);
  EXPECT_LT(peak_kib, 64u * 1024);
}

}  // namespace
}  // namespace bootrig
