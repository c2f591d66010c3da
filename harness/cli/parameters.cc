#include "cli/parameters.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/environment.h"
#include "image/image.h"
#include "json/reader.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Values = std::map<std::string, std::string>;

void add_names(const Recipe& recipe, std::vector<std::string>& names) {
  for (const RecipeParameter& parameter : recipe.parameters) {
    if (std::ranges::find(names, parameter.name) == names.end()) names.push_back(parameter.name);
  }
}

std::vector<std::string> all_names(const std::vector<Recipe>& recipes) {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes) add_names(recipe, names);
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> names_of(const std::vector<Recipe>& recipes, const std::vector<std::string>& images) {
  std::vector<std::string> names;
  for (const ImageListing& listing : list_images(recipes)) {
    if (std::ranges::find(images, listing.name) == images.end()) continue;
    const auto recipe = std::ranges::find(recipes, listing.recipe, &Recipe::name);
    if (recipe != recipes.end()) add_names(*recipe, names);
  }
  std::ranges::sort(names);
  return names;
}

Result<void> check_settings(const Values& settings, const std::vector<std::string>& names) {
  for (const auto& [name, value] : settings) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::string there = names.empty() ? "they have none" : "they have " + one_of(names);
    return fail("--set", fmt::format("no image that is asked for has a parameter '{}'; {}{}", printable(name), there,
                                     did_you_mean(name, names)));
  }
  return {};
}

// {"name": "value"}. `strict`: a name that no recipe has is an error.
Result<Values> read_parameters(const fs::path& file, const std::vector<std::string>& names, bool strict) {
  BOOTRIG_TRY(const std::string text, read_file(file));
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(display_path(file), text));
  Values values;
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) {
    json.ignore("$schema");
    for (const std::string& name : json.keys()) {
      if (name == "$schema") continue;
      const bool known = std::ranges::find(names, name) != names.end();
      std::string value;
      json.any_text(name, value);
      if (known) values[name] = value;
      if (known || !strict) continue;
      json.refuse(escape_pointer(name),
                  fmt::format("no recipe has a parameter '{}'{}", printable(name), did_you_mean(name, names)));
    }
  }));
  return values;
}

// "kernel-tree" -> "BOOTRIG_SET_KERNEL_TREE"
std::string variable_of(const std::string& name) {
  std::string variable = "BOOTRIG_SET_";
  for (const char c : name) {
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

Values environment_values(const std::vector<std::string>& names) {
  Values values;
  for (const std::string& name : names) {
    if (const char* value = std::getenv(variable_of(name).c_str())) values[name] = value;
  }
  return values;
}

// A folder of the XDG Base Directory Specification: the variable's when it is absolute, else the one in the home.
fs::path xdg_folder(const char* variable, const char* in_home) {
  const char* set = std::getenv(variable);
  if (set != nullptr && fs::path(set).is_absolute()) return fs::path(set) / "bootrig";
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path() : fs::path(home) / in_home / "bootrig";
}

}  // namespace

void add_parameter_options(CLI::App& app, ParameterOptions& options) {
  app.add_option("--set", options.settings, "A recipe's parameter: name=value; repeatable")->allow_extra_args(false);
  app.add_option("--parameters", options.file,
                 "JSON file of parameters, for those that neither --set nor BOOTRIG_SET_NAME gives");
}

Result<Values> user_parameters(const ParameterOptions& options, const std::vector<Recipe>& recipes,
                               const std::vector<std::string>& images) {
  BOOTRIG_TRY(Values values, parse_settings(options.settings));
  BOOTRIG_TRY_VOID(check_settings(values, names_of(recipes, images)));
  const std::vector<std::string> names = all_names(recipes);
  values.merge(environment_values(names));
  if (!options.file.empty()) {
    BOOTRIG_TRY(Values given, read_parameters(options.file, names, /*strict=*/true));
    values.merge(given);
  }
  const fs::path own = xdg_folder("XDG_CONFIG_HOME", ".config") / "parameters.json";
  std::error_code error;
  if (own.is_absolute() && fs::exists(own, error)) {
    BOOTRIG_TRY(Values given, read_parameters(own, names, /*strict=*/false));
    values.merge(given);
  }
  return values;
}

std::vector<std::string> settings_of(const std::string& image, const std::vector<Recipe>& recipes,
                                     const Values& values) {
  std::vector<std::string> words;
  for (const std::string& name : names_of(recipes, {image})) {
    const auto found = values.find(name);
    if (found != values.end()) words.insert(words.end(), {"--set", name + "=" + found->second});
  }
  return words;
}

fs::path user_cache_folder() {
  return xdg_folder("XDG_CACHE_HOME", ".cache");
}

}  // namespace bootrig
