// The options that say which history is meant: shared by run, history and compare.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "run/project.h"

namespace CLI {
class App;
}

namespace bootrig {

struct HistoryOptions {
  std::string file;  // empty: the project's own; "off": none
  bool none = false;
};

// --history, and with `may_be_off` --no-history.
void add_history_options(CLI::App& app, HistoryOptions& options, bool may_be_off);

// The file that is meant; none: the run is to be forgotten.
std::optional<std::filesystem::path> history_file(const HistoryOptions& options, const Project& project);

// Makes the folder of the project's own history invisible to git. What fails is left for the history itself to meet.
void hide_history_from_git(const std::filesystem::path& history, const Project& project);

}  // namespace bootrig
