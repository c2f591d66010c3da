// What a request comes to: the recipe with every parameter's value filled in, and the key of the
// build. Pure: no file is looked at.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image/image.h"
#include "spec/recipe.h"

namespace bootrig {

struct ResolvedRecipe {
  Recipe recipe;                                  // without parameters and variants; its stages have no "${name}" left
  std::map<std::string, std::string> parameters;  // every parameter of the recipe
  // SHA-256 over all that decides the outputs except the contents of files: toolchain, stages,
  // flags, what is booted. It does not depend on where the recipe's folder or the build's folder
  // stand.
  std::string key;
  MachineSpec machine;  // the request's: a device tree is of it
  // Files that begin with a parameter ("${firmware}"): the user's paths, as filled in. They may be
  // relative to the folder that he is in.
  std::vector<std::string> user_files;
  // The files of its debian-package stages, by stage; whoever plans fetches them first.
  std::map<std::string, std::vector<std::filesystem::path>> packaged;
};
using ResolveResult = std::expected<ResolvedRecipe, ImageFailure>;

// Each value comes from the first of these that has it: the request's `set`, `user_parameters`, the variant's `set`,
// the target's machine key, the default. Without any the image is skipped. A name in `user_parameters` need not be this
// recipe's.
ResolveResult resolve_request(const std::vector<Recipe>& recipes, const ImageRequest& request,
                              const std::map<std::string, std::string>& user_parameters);

// The key of a compile stage alone, for all requests whose parameters come to the same commands:
// they share its objects.
std::string stage_key(const Recipe& recipe, const CompileStage& stage);

// The key of a cmake stage: of all that it is told, and of the stages above it, whose files it may read. Images that
// differ below it share one build of the project.
std::string stage_key(const Recipe& recipe, const CmakeStage& stage, const MachineSpec& machine);

}  // namespace bootrig
