// bootrig history: the runs that are remembered, and old reports taken into them.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/history_options.h"
#include "history/history.h"
#include "history/stored_run.h"
#include "reports/run_list.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct HistoryCommandOptions {
  HistoryOptions history;
  std::string project;
  std::size_t limit = 20;
  bool json = false;
  std::vector<std::string> reports;
};

Result<fs::path> file_of(const HistoryCommandOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.project));
  const auto file = history_file(options.history, project);
  if (!file) return fail("--history", "is off: there is no history to read");
  if (!options.reports.empty()) hide_history_from_git(*file, project);
  return *file;
}

Result<int> list_runs(const HistoryCommandOptions& options) {
  BOOTRIG_TRY(const fs::path file, file_of(options));
  BOOTRIG_TRY(const History history, History::open(file));
  BOOTRIG_TRY(const std::vector<RunRow> rows, history.runs(options.limit));
  if (options.json) {
    fmt::print("{}\n", write_json(run_list_json(rows), true));
    return kExitExpected;
  }
  Style style;
  style.width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO));
  fmt::print("{}", run_list(rows, style));
  return kExitExpected;
}

Result<int> import_reports(const HistoryCommandOptions& options) {
  BOOTRIG_TRY(const fs::path file, file_of(options));
  std::vector<fs::path> reports;
  for (const std::string& path : options.reports) {
    BOOTRIG_TRY(const std::vector<fs::path> found, find_reports(path));
    reports.insert(reports.end(), found.begin(), found.end());
  }
  BOOTRIG_TRY(History history, History::create(file));
  std::size_t added = 0, unreadable = 0;
  for (const fs::path& report : reports) {
    const auto run = read_stored_run(report);
    if (!run) {
      ++unreadable;
      (void)tell(run.error());
      continue;
    }
    BOOTRIG_TRY(const bool is_new, history.add(*run));
    added += is_new;
  }
  fmt::print("{} of {} reports taken into the history; {} were there already\n", added, reports.size(),
             reports.size() - added - unreadable);
  return unreadable > 0 ? kExitUnexpected : kExitExpected;
}

constexpr const char* kHistoryFooter =
    "Every 'bootrig run' writes what became of each testcase into the history of its project; an interrupted run what "
    "it\n"
    "had finished. 'bootrig compare' takes the ids that are listed here.\n"
    "\n"
    "  bootrig history --limit 5\n"
    "  bootrig history import /archive/nightly       every report.json at or below it, each run once\n"
    "\n"
    "Exit status: 0, 1 a report cannot be read (the others are taken in), 2 there is no history.";

template <typename Command>
std::function<void()> callback_of(std::shared_ptr<HistoryCommandOptions> options, int& status, Command command) {
  return [options, &status, command] {
    const auto done = command(*options);
    status = done ? *done : tell(done.error());
  };
}

}  // namespace

void add_history_command(CLI::App& app, int& status) {
  auto options = std::make_shared<HistoryCommandOptions>();
  add_history_options(app, options->history, /*may_be_off=*/false);
  app.add_option("--project", options->project, "Folder whose history is meant; found upwards from here");
  app.add_option("--limit", options->limit, "So many runs, the latest first")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_flag("--json", options->json, "For programs: reports/history.schema.json");
  app.footer(kHistoryFooter);
  CLI::App* import = app.add_subcommand("import", "Take old reports into the history")->group("Commands");
  import->add_option("DIR", options->reports, "A report.json, or a folder with such at or below it; repeatable")
      ->required();
  import->fallthrough();
  import->callback(callback_of(options, status, import_reports));
  app.callback([options, import, list = callback_of(options, status, list_runs)] {
    if (!import->parsed()) list();
  });
}

}  // namespace bootrig
