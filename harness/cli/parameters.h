// The values that a user gives the parameters of recipes, from the strongest: --set, the environment's BOOTRIG_SET_NAME,
// --parameters FILE, his own ~/.config/bootrig/parameters.json. Who goes before them all is the scenario's `set`.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "spec/recipe.h"

namespace CLI {
class App;
}

namespace bootrig {

struct ParameterOptions {
  std::vector<std::string> settings;  // "name=value"
  std::string file;                   // --parameters
};
void add_parameter_options(CLI::App& app, ParameterOptions& options);

// By name; only names that a recipe has. Errors: a --set that no image of `images` has (with the nearest spelling), a name
// in --parameters that no recipe has, a file that is none. The environment and the user's own file serve many projects:
// what this one does not know there is left alone.
Result<std::map<std::string, std::string>> user_parameters(const ParameterOptions& options,
                                                           const std::vector<Recipe>& recipes,
                                                           const std::vector<std::string>& images);

// Those of the values that the image's recipe has, as options: {"--set", "fault=none"}.
std::vector<std::string> settings_of(const std::string& image, const std::vector<Recipe>& recipes,
                                     const std::map<std::string, std::string>& values);

// $XDG_CACHE_HOME/bootrig or ~/.cache/bootrig; empty when there is no home.
std::filesystem::path user_cache_folder();

}  // namespace bootrig
