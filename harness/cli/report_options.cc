#include "cli/report_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/text.h"
#include "reports/ctrf.h"
#include "reports/github.h"
#include "reports/ktap.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNames{"github", "ctrf", "ktap"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::unique_ptr<Reporter>> make_github(const fs::path& project) {
  GithubOptions options;
  options.project = project;
  options.summary = environment("GITHUB_STEP_SUMMARY");
  options.workspace = environment("GITHUB_WORKSPACE");
  BOOTRIG_TRY(options.token, random_token());
  return std::make_unique<GithubReporter>(std::move(options));
}

}  // namespace

void add_report_options(CLI::App& app, ReportOptions& options) {
  app.add_option("--report", options.names,
                 "github (annotations and job summary; by itself under GitHub Actions), ctrf[=FILE] (ctrf.json), "
                 "ktap[=FILE] (results.ktap); more than once")
      ->allow_extra_args(false);
}

Result<std::vector<std::unique_ptr<Reporter>>> make_reporters(const ReportOptions& options, const fs::path& output,
                                                              const fs::path& project) {
  std::vector<std::unique_ptr<Reporter>> reporters;
  bool github = environment("GITHUB_ACTIONS") == "true";
  for (const std::string& word : options.names) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string file = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals != std::string::npos && (file.empty() || name == "github")) {
      return fail("--report",
                  fmt::format("'{}' {}", printable(word), file.empty() ? "names no file" : "takes no file"));
    }
    if (name == "github") {
      github = true;
    } else if (name == "ctrf") {
      reporters.push_back(
          std::make_unique<CtrfReporter>(CtrfOptions{file.empty() ? output / "ctrf.json" : fs::path(file), project}));
    } else if (name == "ktap") {
      reporters.push_back(
          std::make_unique<KtapReporter>(KtapOptions{file.empty() ? output / "results.ktap" : fs::path(file)}));
    } else {
      return fail("--report", fmt::format("there is no report '{}'; {} can be had{}", printable(name), one_of(kNames),
                                          did_you_mean(name, kNames)));
    }
  }
  if (!github) return reporters;
  BOOTRIG_TRY(auto reporter, make_github(project));  // the last: it speaks after the terminal's report
  reporters.push_back(std::move(reporter));
  return reporters;
}

}  // namespace bootrig
