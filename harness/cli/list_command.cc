// bootrig list: what there is to choose from.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "image/image.h"

namespace bootrig {
namespace {

using Row = std::pair<std::string, std::string>;
using Rows = Result<std::vector<Row>>;

Rows list_targets(const Project& project) {
  std::vector<Row> rows;
  for (const std::string& name : project.target_names()) {
    BOOTRIG_TRY(const TargetProfile target, project.target(name));
    std::string about = target.summary;
    if (!target.variable.empty()) about += fmt::format(" [vary: {}]", fmt::join(target.variable, ", "));
    rows.emplace_back(name, about);
  }
  return rows;
}

Rows list_scenarios(const Project& project) {
  std::vector<Row> rows;
  for (const std::string& name : project.scenario_names()) {
    BOOTRIG_TRY(const auto scenario, project.scenario(name));
    std::string about = scenario->summary;
    if (!scenario->tags.empty()) about += fmt::format(" [{}]", fmt::join(scenario->tags, ", "));
    rows.emplace_back(name, about);
  }
  return rows;
}

Rows list_image_names(const Project& project) {
  BOOTRIG_TRY(const auto recipes, project.recipes());
  std::vector<Row> rows;
  for (const ImageListing& image : list_images(recipes)) rows.emplace_back(image.name, image.summary);
  return rows;
}

Rows list_matrices(const Project& project) {
  std::vector<Row> rows;
  for (const std::string& name : project.matrix_names()) {
    BOOTRIG_TRY(const Matrix matrix, project.matrix(name));
    rows.emplace_back(name, matrix.summary);
  }
  return rows;
}

Rows list_signatures(const Project&) {
  std::vector<Row> rows;
  for (const SignatureInfo& signature : default_signatures()) {
    rows.emplace_back(signature.name, fmt::format("{}: {}", signature.origin, signature.pattern));
  }
  return rows;
}

const std::map<std::string, std::function<Rows(const Project&)>> kLists{{"targets", list_targets},
                                                                        {"scenarios", list_scenarios},
                                                                        {"images", list_image_names},
                                                                        {"matrices", list_matrices},
                                                                        {"signatures", list_signatures}};

Result<int> list(const std::string& what, const std::string& folder) {
  const auto found = kLists.find(what);
  if (found == kLists.end()) {
    std::vector<std::string> words;
    for (const auto& [word, function] : kLists) words.push_back(word);
    return fail(fmt::format("there is no list of '{}'; there is {}{}", printable(what), one_of(words),
                            did_you_mean(what, words)));
  }
  BOOTRIG_TRY(const Project project, open_whole_project(folder));
  BOOTRIG_TRY(const auto rows, found->second(project));
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.first.size());
  for (const Row& row : rows) fmt::print("{:<{}}  {}\n", row.first, width, printable(row.second));
  return kExitExpected;
}

}  // namespace

void add_list_command(CLI::App& app, int& status) {
  auto what = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  app.add_option("WHAT", *what, "targets, scenarios, images, matrices or signatures")->required();
  app.add_option("--project", *folder, "Folder with targets/, scenarios/ and images/; found upwards from here");
  app.footer("One a line: its name, and what it is.\n\n  bootrig list targets\n  bootrig list signatures");
  app.callback([what, folder, &status] {
    const auto done = list(*what, *folder);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
