#include "cli/run_reporters.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/environment.h"
#include "cli/page_history.h"
#include "history/history_reporter.h"
#include "reports/html_page.h"
#include "reports/html_report.h"
#include "reports/json_report.h"
#include "reports/junit.h"
#include "reports/terminal.h"

namespace bootrig {
namespace {

// None: the run is to be forgotten.
std::unique_ptr<HistoryReporter> make_history_reporter(const RunCommandOptions& options, const Project& project) {
  const auto file = history_file(options.history, project);
  if (!file) return nullptr;
  hide_history_from_git(*file, project);
  return std::make_unique<HistoryReporter>(HistoryReporterOptions{*file, options.output, options.resume});
}

// None: it is not wanted, or this bootrig was built without the page; then it says so, and the run goes on.
std::unique_ptr<HtmlReporter> make_html_reporter(const RunCommandOptions& options, const std::string& run,
                                                 const HistoryReporter* history) {
  if (options.html == "off") return nullptr;
  if (const auto page = html_page(); !page) {
    fmt::print(stderr, "bootrig: no report.html: {}\n", page.error().message);
    return nullptr;
  }
  const std::filesystem::path folder = options.output;
  HtmlOptions page{.path = options.html.empty() ? folder / "report.html" : std::filesystem::path(options.html),
                   .run_folder = folder};
  if (history != nullptr) page.history = [=] { return page_history(history->path(), run, history->run_id()); };
  return std::make_unique<HtmlReporter>(std::move(page));
}

TerminalOptions terminal_options(const HistoryReporter* history) {
  const int descriptor = STDOUT_FILENO;
  return {stdout,
          is_terminal(descriptor),
          {static_cast<std::size_t>(terminal_width(descriptor)), wants_colour(descriptor)},
          [history] { return history == nullptr ? nullptr : history->comparison(); }};
}

JUnitOptions junit_options(const RunCommandOptions& options) {
  const std::filesystem::path folder = options.output;
  return {options.junit.empty() ? folder / "junit.xml" : std::filesystem::path(options.junit),
          options.junit_flavor == "extended" ? JUnitFlavor::kExtended : JUnitFlavor::kStrict, folder};
}

class Reporters final : public RunReporters {
 public:
  Reporters(const RunCommandOptions& options, const Project& project, const std::string& name, const Clock& clock)
      : history_(make_history_reporter(options, project)),
        terminal_(terminal_options(history_.get()), clock),
        junit_(junit_options(options)),
        json_({std::filesystem::path(options.output) / "report.json"}),
        html_(make_html_reporter(options, name, history_.get())) {}

  Result<void> add(const ReportOptions& options, const std::filesystem::path& folder, const Project& project) {
    BOOTRIG_TRY(more_, make_reporters(options, folder, display_path(project.root())));
    return {};
  }

  std::vector<Reporter*> all() override {
    std::vector<Reporter*> all;
    // First: at the end the others tell what it has found.
    if (history_) all.push_back(history_.get());
    all.insert(all.end(), {&terminal_, &junit_, &json_});
    if (html_) all.push_back(html_.get());
    for (const auto& reporter : more_) all.push_back(reporter.get());
    return all;
  }

  void warn() const override {
    if (!history_ || !history_->trouble()) return;
    fmt::print(stderr, "bootrig: warning: {}; this run is not in the history\n",
               printable(to_text(*history_->trouble())));
  }

 private:
  std::unique_ptr<HistoryReporter> history_;
  TerminalReporter terminal_;
  JUnitReporter junit_;
  JsonReporter json_;
  std::unique_ptr<HtmlReporter> html_;
  std::vector<std::unique_ptr<Reporter>> more_;
};

}  // namespace

Result<std::unique_ptr<RunReporters>> make_run_reporters(const RunCommandOptions& options, const Project& project,
                                                         const std::string& name, const Clock& clock) {
  auto reporters = std::make_unique<Reporters>(options, project, name, clock);
  BOOTRIG_TRY_VOID(reporters->add(options.reports, options.output, project));
  return reporters;
}

}  // namespace bootrig
