// bootrig compare: which failures of a run are new, known, fixed or flaky against another run.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/history_options.h"
#include "history/comparison.h"
#include "history/stored_run.h"
#include "reports/comparison_report.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  HistoryOptions history;
  std::string project, before, now;
  bool json = false, markdown = false;
};

struct LoadedRun {
  ComparedRun label;
  CellStates states;
};

// The project's history, where there is one.
Result<std::optional<History>> open_history(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::optional<History>();
  BOOTRIG_TRY(History history, History::open(file));
  return history;
}

// A path that is there, or a name of the history.
Result<LoadedRun> load(const std::string& name, const std::optional<History>& history, const fs::path& file) {
  std::error_code error;
  if (fs::exists(name, error)) {
    BOOTRIG_TRY(const RunRecord run, read_stored_run(name));
    return LoadedRun{{name, run.info}, states_of(run)};
  }
  if (!history) {
    return fail(name, fmt::format("there is no such file or folder, and no history ({}) that could have such a run",
                                  file.string()));
  }
  BOOTRIG_TRY(const std::int64_t id, history->find(name));
  BOOTRIG_TRY(const RunRecord run, history->run(id));
  return LoadedRun{{fmt::format("run {}", id), run.info}, states_of(run)};
}

Result<int> compare_runs(const CompareOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.project));
  const auto file = history_file(options.history, project);
  std::optional<History> history;
  if (file) {
    BOOTRIG_TRY(history, open_history(*file));
  }
  BOOTRIG_TRY(const LoadedRun before, load(options.before, history, file.value_or("off")));
  BOOTRIG_TRY(const LoadedRun now, load(options.now, history, file.value_or("off")));
  BOOTRIG_TRY(const Comparison comparison, compare(before.states, now.states, history ? &*history : nullptr));
  if (options.json) {
    fmt::print("{}\n", write_json(comparison_json(before.label, now.label, comparison), true));
  } else if (options.markdown) {
    fmt::print("{}", comparison_markdown(before.label, now.label, comparison));
  } else {
    Style style;
    style.width = static_cast<std::size_t>(terminal_width(STDOUT_FILENO));
    style.colour = wants_colour(STDOUT_FILENO);
    fmt::print("{}", comparison_text(before.label, now.label, comparison, style));
  }
  return comparison.count(Change::kNew) > 0 ? kExitUnexpected : kExitExpected;
}

constexpr const char* kCompareFooter =
    "A run is a run's folder, a report.json, or one of the history: its number, 'last', 'last~1', or the first letters "
    "of\n"
    "a revision ('bootrig history' lists them). Failures with one signature are one group:\n"
    "\n"
    "  new    fails now; before it was tried and did not fail so (not tried before: nothing failed so)\n"
    "  known  fails as before, and since when\n"
    "  fixed  failed before, passes now\n"
    "  flaky  passes and fails with the same image at the same revision under the same QEMU, or passed after a retry\n"
    "\n"
    "  bootrig compare last~1 last                  the last night with the one before\n"
    "  bootrig compare v1.2-run/ out/ --markdown    two runs' folders\n"
    "\n"
    "Exit status: 0 nothing is new, 1 something is, 2 a run cannot be read.";

}  // namespace

void add_compare_command(CLI::App& app, int& status) {
  auto options = std::make_shared<CompareOptions>();
  app.add_option("BEFORE", options->before, "The earlier run")->required();
  app.add_option("NOW", options->now, "The later run")->required();
  add_history_options(app, options->history, /*may_be_off=*/false);
  app.add_option("--project", options->project, "Folder whose history is meant; found upwards from here");
  CLI::Option* json = app.add_flag("--json", options->json, "For programs: reports/compare.schema.json");
  app.add_flag("--markdown", options->markdown, "For an issue or a chat")->excludes(json);
  app.footer(kCompareFooter);
  app.callback([options, &status] {
    const auto done = compare_runs(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
