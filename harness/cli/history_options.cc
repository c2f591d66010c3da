#include "cli/history_options.h"

#include <CLI/CLI.hpp>

#include "base/file.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = ".bootrig";
constexpr const char* kOff = "off";

}  // namespace

void add_history_options(CLI::App& app, HistoryOptions& options, bool may_be_off) {
  app.add_option("--history", options.file,
                 may_be_off ? "The history's file, or off; default: .bootrig/history.sqlite in the project's folder"
                            : "The history's file; default: .bootrig/history.sqlite in the project's folder")
      ->envname("BOOTRIG_HISTORY");
  if (may_be_off) app.add_flag("--no-history", options.none, "Leave this run out of the history");
}

std::optional<fs::path> history_file(const HistoryOptions& options, const Project& project) {
  if (options.none || options.file == kOff) return std::nullopt;
  return options.file.empty() ? project.root() / kFolder / "history.sqlite" : fs::path(options.file);
}

void hide_history_from_git(const fs::path& history, const Project& project) {
  std::error_code error;
  const fs::path folder = project.root() / kFolder;
  if (history.parent_path() != folder || fs::exists(folder / ".gitignore", error)) return;
  if (make_folders(folder)) (void)write_file(folder / ".gitignore", "*\n");
}

}  // namespace bootrig
