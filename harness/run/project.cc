#include "run/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSpecLimit = std::uint64_t{4} << 20;
constexpr std::string_view kMatrixSuffix = ".matrix.json";
constexpr std::string_view kSchemaSuffix = ".schema.json";

// Calls `visit` with every file below the folder. A folder that is not there or cannot be read has none.
template <typename Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  std::error_code error;
  fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) visit(it->path());
  }
}

Result<NamedText> read_named(const fs::path& path) {
  auto text = read_file(path, kSpecLimit);
  if (!text) return fail(display_path(path), text.error().message);
  return NamedText{display_path(path), std::move(*text)};
}

}  // namespace

fs::path Project::find_root(const fs::path& start) {
  for (fs::path folder = start;; folder = folder.parent_path()) {
    if (fs::is_directory(folder / "scenarios") || fs::is_directory(folder / "targets")) return folder;
    if (folder == folder.parent_path()) return start;
  }
}

Project::Project(fs::path root, fs::path builtin) : root_(std::move(root)), builtin_(std::move(builtin)) {
  std::set<std::string> profiles;
  std::set<fs::path> bases{root_, builtin_};
  for (const fs::path& base : bases) {
    for_each_file(base / "targets", [&](const fs::path& path) {
      const std::string name = path.filename().string();
      if (path.extension() != ".json" || name.ends_with(kSchemaSuffix)) return;
      profiles.insert(path.lexically_relative(base / "targets").replace_extension().generic_string());
    });
  }
  profile_names_.assign(profiles.begin(), profiles.end());
  std::ranges::copy_if(profile_names_, std::back_inserter(target_names_),
                       [](const std::string& name) { return !name.starts_with("base/"); });
}

const Project::ScenarioNames& Project::find_scenarios() const {
  if (scenario_names_) return *scenario_names_;
  ScenarioNames& names = scenario_names_.emplace();
  for_each_file(root_ / "scenarios", [&](const fs::path& path) {
    const std::string name = path.lexically_relative(root_ / "scenarios").generic_string();
    if (path.filename() == "scenario.json") names.scenarios.push_back(fs::path(name).parent_path().generic_string());
    if (name.ends_with(kMatrixSuffix)) names.matrices.push_back(name.substr(0, name.size() - kMatrixSuffix.size()));
  });
  std::ranges::sort(names.scenarios);
  std::ranges::sort(names.matrices);
  return names;
}

Result<TargetProfile> Project::target(std::string_view name) const {
  if (const auto known = targets_.find(name); known != targets_.end()) return known->second;
  const ProfileSource source = [&](std::string_view profile) -> Result<NamedText> {
    const std::string file = std::string(profile) + ".json";
    if (std::ranges::find(profile_names_, profile) == profile_names_.end()) {
      return fail(fmt::format("there is no target '{}'{}", printable(profile), did_you_mean(profile, profile_names_)));
    }
    const fs::path own = root_ / "targets" / file;
    return read_named(fs::exists(own) ? own : builtin_ / "targets" / file);
  };
  BOOTRIG_TRY(TargetProfile profile, parse_target(name, source, profile_names_));
  targets_.emplace(name, profile);
  return profile;
}

Result<std::shared_ptr<const Scenario>> Project::scenario(std::string_view name) const {
  if (const auto known = scenarios_.find(name); known != scenarios_.end()) return known->second;
  if (std::ranges::find(scenario_names(), name) == scenario_names().end()) {
    return fail(fmt::format("there is no scenario '{}'{}", printable(name), did_you_mean(name, scenario_names())));
  }
  const fs::path folder = root_ / "scenarios" / fs::path(name);
  BOOTRIG_TRY(const NamedText text, read_named(folder / "scenario.json"));
  BOOTRIG_TRY(Scenario scenario, parse_scenario(name, text.display_name, text.text, [&](std::string_view file) {
                return read_named(folder / fs::path(file));
              }));
  scenario.file = folder / "scenario.json";
  auto shared = std::make_shared<const Scenario>(std::move(scenario));
  scenarios_.emplace(name, shared);
  return shared;
}

Result<Matrix> Project::matrix(std::string_view name) const {
  fs::path path = root_ / "scenarios" / (std::string(name) + std::string(kMatrixSuffix));
  if (!fs::exists(path) && name.ends_with(".json")) path = fs::path(name);
  if (!fs::exists(path)) {
    return fail(fmt::format("there is no matrix '{}'{}", printable(name), did_you_mean(name, matrix_names())));
  }
  BOOTRIG_TRY(const NamedText text, read_named(path));
  std::string stem = path.filename().string();
  if (stem.ends_with(kMatrixSuffix)) stem.resize(stem.size() - kMatrixSuffix.size());
  return parse_matrix(stem, text.display_name, text.text);
}

Result<std::vector<Recipe>> Project::recipes() const {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(root_ / "images", error), end; !error && it != end; it.increment(error)) {
    if (fs::exists(it->path() / "recipe.json")) files.push_back(it->path() / "recipe.json");
  }
  std::ranges::sort(files);
  std::vector<Recipe> recipes;
  for (const fs::path& file : files) {
    BOOTRIG_TRY(const NamedText text, read_named(file));
    BOOTRIG_TRY(Recipe recipe, parse_recipe(file.parent_path().filename().string(), text.display_name, text.text));
    recipe.folder = file.parent_path();
    recipes.push_back(std::move(recipe));
  }
  return recipes;
}

}  // namespace bootrig
