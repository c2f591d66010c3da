// bootrig completion and bootrig manual: what shells and man(1) know of the program.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/environment.h"
#include "cli/manual.h"
#include "image/image.h"
#include "spec/root_causes.h"

namespace bootrig {
namespace {

// While somebody types there is nobody to be told of a project that cannot be read: it has no names.
std::vector<std::string> names_in_project(std::string_view what, const std::string& folder) {
  if (what == "causes") return {root_cause_names().begin(), root_cause_names().end()};
  if (what == "lists") return {"targets", "scenarios", "images", "matrices", "signatures"};
  const auto project = open_project(folder);
  if (!project) return {};
  if (what == "targets") return project->target_names();
  if (what == "scenarios") return project->scenario_names();
  if (what == "matrices") return project->matrix_names();
  std::vector<std::string> names;
  if (const auto recipes = project->recipes()) {
    for (const ImageListing& image : list_images(*recipes)) names.push_back(image.name);
  }
  return names;
}

Result<int> complete(const std::string& shell, const std::string& line) {
  if (!line.empty()) {
    for (const std::string& word : complete_line(command_tree(), line, names_in_project)) fmt::print("{}\n", word);
    return kExitExpected;
  }
  BOOTRIG_TRY(const std::string script, completion_script(shell));
  fmt::print("{}", script);
  return kExitExpected;
}

}  // namespace

void add_completion_command(CLI::App& app, int& status) {
  auto shell = std::make_shared<std::string>();
  auto line = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish");
  app.add_option("--line", *line, "Print what the last word of this command line may become, for the scripts");
  app.footer(
      "Prints the script for a shell; targets, scenarios, images and matrices are those of the project around.\n\n"
      "  source <(bootrig completion bash)          now, or in ~/.bashrc\n"
      "  bootrig completion fish | source");
  app.callback([shell, line, &status] {
    const auto done = complete(*shell, *line);
    status = done ? *done : tell(done.error());
  });
}

void add_manual_command(CLI::App& app, int&) {
  app.footer("As roff: bootrig manual | man -l -");
  app.callback([] { fmt::print("{}", manual_page(command_tree(), BOOTRIG_VERSION)); });
}

}  // namespace bootrig
