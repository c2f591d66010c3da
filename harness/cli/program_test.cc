#include "cli/program_test.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

ProcessLauncher& launcher() {
  static ForkingLauncher launcher;
  return launcher;
}

ScopedFd memory_file() {
  ScopedFd file(::memfd_create("output", MFD_CLOEXEC));
  CHECK(file.valid());
  return file;
}

std::string content(const ScopedFd& file) {
  struct stat status {};
  CHECK(::fstat(file.get(), &status) == 0);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  // The program writes at the offset that it shares with us; pread leaves it alone.
  const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  CHECK(count == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

}  // namespace

Invocation::Invocation(Words arguments, Words environment, const fs::path& folder)
    : out_(memory_file()), err_(memory_file()) {
  // The source tree's runs are not of interest to anybody; a test of the history names a file.
  Words argv{"env", "-u", "COLUMNS", "-u", "NO_COLOR", "-u", "GITHUB_ACTIONS", "BOOTRIG_HISTORY=off"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.push_back(build_path("bootrig"));
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const LaunchSpec spec{.argv = argv,
                        .folder = folder.empty() ? fs::path(source_path()) : folder,
                        .output = out_.get(),
                        .errors = err_.get()};
  auto child = launcher().launch(spec);
  CHECK(child.has_value());
  child_ = std::move(*child);
}

std::string Invocation::out() const {
  return content(out_);
}

Finished Invocation::wait(Duration limit) {
  const auto status = child_->wait(Deadline::after(SteadyClock().now(), limit));
  if (!status) {
    ADD_FAILURE() << "bootrig did not end in " << format_duration(limit) << "; it said\n" << content(out_);
    child_->signal(SIGKILL);
    return {.out = content(out_), .err = content(err_)};
  }
  return {status->code, status->signal, content(out_), content(err_)};
}

Finished bootrig(Words arguments, Words environment, const fs::path& folder) {
  return Invocation(std::move(arguments), std::move(environment), folder).wait();
}

std::string small_project() {
  return source_path("harness/cli/fixtures/project");
}

void copy_project(const std::string& from, const fs::path& to) {
  CHECK(make_folders(to).has_value());
  for (const char* part : {"scenarios", "images", "targets"}) {
    if (fs::exists(fs::path(from) / part)) fs::copy(fs::path(from) / part, to / part, fs::copy_options::recursive);
  }
}

std::string text_of(const fs::path& file) {
  const auto text = read_file(file);
  EXPECT_TRUE(text) << to_text(text.error());
  return text.value_or("");
}

void edit(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = text_of(file);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << file << " does not hold " << from;
  ASSERT_EQ(text.find(from, at + 1), std::string::npos) << file << " holds more than one " << from;
  ASSERT_TRUE(write_file(file, text.replace(at, from.size(), to)));
}

Row Report::row(const std::string& id) const {
  const auto found = std::ranges::find(rows, id, &Row::id);
  if (found != rows.end()) return *found;
  ADD_FAILURE() << "there is no result of " << id;
  return {};
}

std::vector<std::string> Report::standings() const {
  std::vector<std::string> lines;
  for (const Row& row : rows) lines.push_back(row.id + " " + row.standing);
  std::ranges::sort(lines);
  return lines;
}

Report report_of(const fs::path& run) {
  Report report;
  const Json json = Json::parse(text_of(run / "report.json"), nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << run << "/report.json is no JSON";
  if (json.is_discarded()) return report;
  report.planned = json["run"]["planned"];
  report.missing = json["missing"];
  report.totals = json["totals"];
  for (const Json& result : json["results"]) {
    Row row{result["id"],
            result["standing"],
            result["verdict"]["kind"],
            result["verdict"]["cause"],
            result["verdict"]["detail"],
            result["image-sha256"],
            result["image"],
            {}};
    for (const Json& attempt : result["attempts"]) {
      const std::string folder = attempt["folder"];
      row.folders.push_back(folder.empty() ? "" : (run / folder).string());
    }
    report.rows.push_back(std::move(row));
  }
  return report;
}

std::vector<std::string> xpath(const fs::path& file, const std::string& expression) {
  std::vector<std::string> texts;
  const std::string text = text_of(file);
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      xmlReadMemory(text.data(), static_cast<int>(text.size()), "report.xml", nullptr, 0), &xmlFreeDoc);
  EXPECT_TRUE(document) << file << " is not well-formed";
  if (!document) return texts;
  const std::unique_ptr<xmlXPathContext, decltype(&xmlXPathFreeContext)> context(xmlXPathNewContext(document.get()),
                                                                                 &xmlXPathFreeContext);
  const std::unique_ptr<xmlXPathObject, decltype(&xmlXPathFreeObject)> found(
      xmlXPathEvalExpression(reinterpret_cast<const xmlChar*>(expression.c_str()), context.get()), &xmlXPathFreeObject);
  EXPECT_TRUE(found) << expression << " is no XPath expression";
  if (!found || !found->nodesetval) return texts;
  for (int i = 0; i < found->nodesetval->nodeNr; ++i) {
    xmlChar* content = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
    texts.emplace_back(reinterpret_cast<const char*>(content));
    xmlFree(content);
  }
  return texts;
}

bool eventually(Duration limit, const std::function<bool()>& holds) {
  const Deadline deadline = Deadline::after(SteadyClock().now(), limit);
  for (;;) {
    // First the time, then the question: a test that was not run for a while still asks once more.
    const bool late = deadline.passed(SteadyClock().now());
    if (holds()) return true;
    if (late) return false;
    ::poll(nullptr, 0, 10);
  }
}

std::vector<std::string> processes_naming(const fs::path& folder, pid_t except) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (!parse_count(name) || name == std::to_string(except)) continue;
    auto command = read_file(it->path() / "cmdline");
    if (!command || command->find(folder.string()) == std::string::npos) continue;
    std::ranges::replace(*command, '\0', ' ');
    found.push_back(name + ": " + *command);
  }
  return found;
}

}  // namespace bootrig
