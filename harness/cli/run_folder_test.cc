// What a run leaves behind: reports that their schemas accept, a folder for each attempt, and a terminal unharmed.
#include <libxml/xmlschemas.h>

#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

void collect(void* text, const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  *static_cast<std::string*>(text) += line;
}

// What a schema of reports/ says against an XML file; "" when it is valid.
std::string against_xsd(const std::string& schema_name, const fs::path& file) {
  std::string problems;
  const std::string path = source_path("reports/") + schema_name;
  const std::unique_ptr<xmlSchemaParserCtxt, decltype(&xmlSchemaFreeParserCtxt)> parser(
      xmlSchemaNewParserCtxt(path.c_str()), &xmlSchemaFreeParserCtxt);
  const std::unique_ptr<xmlSchema, decltype(&xmlSchemaFree)> schema(xmlSchemaParse(parser.get()), &xmlSchemaFree);
  if (!schema) return "no schema";
  const std::unique_ptr<xmlSchemaValidCtxt, decltype(&xmlSchemaFreeValidCtxt)> context(
      xmlSchemaNewValidCtxt(schema.get()), &xmlSchemaFreeValidCtxt);
  xmlSchemaSetValidErrors(context.get(), collect, collect, &problems);
  const int verdict = xmlSchemaValidateFile(context.get(), file.c_str(), 0);
  return verdict == 0 ? "" : "invalid: " + problems;
}

// What the schema says against a report.json; "" when it is valid.
std::string against_report_schema(const fs::path& file) {
  return against_schema(source_path("reports/report.schema.json"), text_of(file));
}

void expect_attempt(const std::string& folder, const fs::path& run) {
  SCOPED_TRACE(folder);
  ASSERT_NE(folder, "");
  const std::string transcript = text_of(folder + "/transcript.raw");
  const std::string lines = text_of(folder + "/lines.tsv");
  const Json outcome = Json::parse(text_of(folder + "/outcome.json"));
  EXPECT_EQ(outcome["bytes"], transcript.size());
  EXPECT_EQ(outcome["lines"], split_lines(lines).size());
  EXPECT_EQ(outcome["machine"]["accelerator"], "tcg");
  const std::string command = text_of(folder + "/command.txt");
  EXPECT_TRUE(command.starts_with("qemu-system-aarch64 -")) << command;
  EXPECT_EQ(command.find('\n'), command.size() - 1);
  const std::size_t image = command.find("loader,file=" + (run / "images/").string());
  ASSERT_NE(image, std::string::npos) << command;
  const std::size_t begin = command.find('/', image);
  EXPECT_TRUE(fs::exists(command.substr(begin, command.find(',', begin) - begin))) << command;
}

TEST(RunFolder, OfTheSmokeMatrix) {
  const TestFolder folder;
  const Finished strict = bootrig({"run", "--matrix", "smoke", "--output", folder.path()});
  EXPECT_EQ(strict.code, 0) << strict.out << strict.err;
  EXPECT_EQ(strict.out.find('\x1b'), std::string::npos) << "no terminal, no escape";
  EXPECT_EQ(against_xsd("junit.xsd", folder.path() / "junit.xml"), "");
  EXPECT_EQ(against_report_schema(folder.path() / "report.json"), "");
  const Report report = report_of(folder.path());
  EXPECT_EQ(static_cast<std::int64_t>(report.rows.size()), report.planned);
  EXPECT_EQ(xpath(folder.path() / "junit.xml", "//testcase").size(), report.rows.size());
  for (const Row& row : report.rows) {
    ASSERT_EQ(row.folders.size(), 1u) << row.id;
    expect_attempt(row.folders[0], folder.path());
  }
}

TEST(RunFolder, OfFailuresInBothFlavours) {
  const TestFolder folder;
  const Words words{"run", "--project", small_project(), "-m", "bad", "-m", "good", "--output", folder.path()};
  EXPECT_EQ(bootrig(words).code, 1);
  EXPECT_EQ(against_xsd("junit.xsd", folder.path() / "junit.xml"), "");
  EXPECT_EQ(against_report_schema(folder.path() / "report.json"), "");
  Words extended = words;
  extended.insert(extended.end(), {"--junit-flavor", "extended"});
  EXPECT_EQ(bootrig(extended).code, 1);
  EXPECT_EQ(against_xsd("junit-extended.xsd", folder.path() / "junit.xml"), "");
}

// To ask git for the revision must not write: a `git status` that is killed with us would leave its lock behind.
TEST(RunFolder, LeavesTheRepositoryAlone) {
  const TestFolder folder;
  const fs::path project = folder.path() / "project";
  copy_project(small_project(), project);
  ForkingLauncher launcher;
  const auto git = [&](Words words) {
    words.insert(words.begin(), {"git", "-c", "user.name=test", "-c", "user.email=test@example.org"});
    const auto result = run_command(launcher, {.argv = words, .folder = project},
                                    Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    ASSERT_TRUE(result && result->status.code == 0) << (result ? result->output : to_text(result.error()));
  };
  git({"init", "-q"});
  git({"add", "."});
  git({"commit", "-q", "-m", "all"});
  // The index would be brought up to date by a status that may write.
  const fs::path touched = project / "scenarios/good/off/scenario.json";
  fs::last_write_time(touched, fs::last_write_time(touched) - std::chrono::hours(1));
  const std::string index = text_of(project / ".git/index");
  const Finished finished = bootrig({"run", "--project", project, "good/off@virt", "--output", folder.path() / "run"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_TRUE(text_of(project / ".git/index") == index) << "the index was written";
  EXPECT_FALSE(xpath(folder.path() / "run/junit.xml", "//property[@name='revision']").empty());
}

// The noise stands where another line is expected, so that all reports quote it.
TEST(Terminal, NeverGetsTheGuestsBytes) {
  const TestFolder folder;
  const Words words{"run", "--project", small_project(), "bad/noise@virt", "--output", folder.path()};
  const Finished piped = bootrig(words);
  EXPECT_EQ(piped.code, 1) << piped.err;
  EXPECT_NE(piped.out.find("]]> <script> \\x01\\x7f'"), std::string::npos) << piped.out;
  for (const char c : {'\x1b', '\a', '\x01', '\x7f', '\xff'}) EXPECT_EQ(piped.out.find(c), std::string::npos) << int{c};

  // script(1) of bsdutils is a terminal.
  ForkingLauncher launcher;
  const auto on_terminal = [&](const Words& environment) {
    Words command{"env", "-u", "NO_COLOR", "TERM=xterm"};
    command.insert(command.end(), environment.begin(), environment.end());
    command.push_back(build_path("bootrig"));
    command.insert(command.end(), words.begin(), words.end());
    const auto result = run_command(launcher, {.argv = {"script", "-qec", shell_quote(command), "/dev/null"}},
                                    Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    EXPECT_TRUE(result);
    EXPECT_EQ(result ? result->status.code : -1, 1);
    return result ? result->output : "";
  };
  const std::regex colour("\x1b\\[[0-9;]*m");
  const std::string colourful = on_terminal({}), plain = on_terminal({"NO_COLOR=1"});
  EXPECT_TRUE(std::regex_search(colourful, colour));
  EXPECT_FALSE(std::regex_search(plain, colour)) << plain;
  for (const std::string& text : {colourful, plain}) {
    EXPECT_EQ(text.find("\x1b]0;"), std::string::npos) << "the guest's title";
    EXPECT_EQ(text.find("\x1b[31mred"), std::string::npos) << "the guest's colour";
    for (const char c : {'\a', '\x01', '\x7f', '\xff'}) EXPECT_EQ(text.find(c), std::string::npos) << int{c};
  }
}

}  // namespace
}  // namespace bootrig
