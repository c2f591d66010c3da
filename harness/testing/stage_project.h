// For the tests of stages: a project whose recipe is written as a user writes it, built with the real tools.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "image/image.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {

struct StageProject {
  // A file beside the recipe.
  std::filesystem::path put(const std::string& name, const std::string& bytes) const {
    return folder.put("images/sample/" + name, bytes);
  }
  // The same after a build, until its time is past that of every output: ninja takes equal times as unchanged.
  void edit(const std::string& name, const std::string& bytes) const {
    auto newest = std::filesystem::file_time_type::min();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out())) {
      newest = std::max(newest, entry.last_write_time());
    }
    while (std::filesystem::last_write_time(put(name, bytes)) <= newest) continue;
  }
  std::filesystem::path out() const { return folder.path() / "out"; }

  // `recipe` is the text of a recipe.json.
  ImageResult build(const std::string& recipe, const ImageRequest& request = {.name = "sample"}) {
    done.clear();
    const std::filesystem::path file = put("recipe.json", recipe);
    auto parsed = parse_recipe("sample", file.string(), recipe);
    if (!parsed) return std::unexpected(ImageFailure{ImageFailure::Kind::kBadSpec, parsed.error(), ""});
    ForkingLauncher launcher;
    ImageBuilder builder({*parsed},
                         {.folder = out(),
                          .program = std::filesystem::read_symlink("/proc/self/exe"),
                          .cache = folder.path() / "cache",
                          .keep_images = keep_images,
                          .user_parameters = user,
                          .jobs = 2,
                          .progress = [this](int, int, const std::string& what) { done.push_back(what); }},
                         launcher);
    return builder.build({request}).at(0);
  }
  // The folder of the outputs; of a failed build, a path that says why, at which nothing is.
  std::filesystem::path build_folder(const std::string& recipe, const ImageRequest& request = {.name = "sample"}) {
    const ImageResult result = build(recipe, request);
    return result ? result->file.parent_path() : std::filesystem::path("/no build: " + to_text(result.error().error));
  }
  // "skipped: …", "bad spec: …" or "build failed: …".
  std::string failure(const std::string& recipe) {
    const ImageResult result = build(recipe);
    if (result) return "no failure";
    const char* kinds[] = {"skipped", "bad spec", "build failed"};
    return std::string(kinds[static_cast<int>(result.error().kind)]) + ": " + to_text(result.error().error);
  }

  TestFolder folder;
  std::map<std::string, std::string> user;
  bool keep_images = false;
  std::vector<std::string> done;  // the commands of the last build
};

}  // namespace bootrig
