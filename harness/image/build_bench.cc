// What a build costs that has nothing to do, against ninja alone on the same graph: 100 cells of a matrix ask for the
// variants of a recipe.   build_bench BOOTRIG IMAGES FOLDER ROUNDS
// Prints a line a round: milliseconds of bootrig, milliseconds of ninja.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "image/image.h"
#include "process/launcher.h"

namespace {

using namespace bootrig;
namespace fs = std::filesystem;

constexpr std::size_t kCells = 100;

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

Result<std::vector<Recipe>> reference_recipe(const fs::path& images) {
  const fs::path file = images / "reference/recipe.json";
  BOOTRIG_TRY(const std::string text, read_file(file));
  BOOTRIG_TRY(Recipe recipe, parse_recipe("reference", file.string(), text));
  return std::vector<Recipe>{std::move(recipe)};
}

Result<double> build_once(const std::vector<Recipe>& recipes, const fs::path& program, const fs::path& folder) {
  const std::vector<ImageListing> images = list_images(recipes);
  std::vector<ImageRequest> requests;
  for (std::size_t i = 0; i < kCells; ++i) requests.push_back({images[i % images.size()].name, {}, {}});
  ForkingLauncher launcher;
  ImageBuilder builder(recipes, {.folder = folder, .program = program, .cache = folder / "cache"}, launcher);
  const auto begin = std::chrono::steady_clock::now();
  for (const ImageResult& image : builder.build(requests)) {
    if (!image) return std::unexpected(image.error().error);
  }
  return milliseconds_since(begin);
}

Result<double> ninja_once(const fs::path& folder) {
  ForkingLauncher launcher;
  const auto begin = std::chrono::steady_clock::now();
  BOOTRIG_TRY(const CommandResult done,
              run_command(launcher, {.argv = {"ninja"}, .folder = folder}, Deadline::never()));
  if (done.status.code != 0) return fail("ninja", done.output);
  return milliseconds_since(begin);
}

Result<void> measure(char** argv) {
  BOOTRIG_TRY(const std::vector<Recipe> recipes, reference_recipe(argv[2]));
  BOOTRIG_TRY(const std::uint64_t rounds, parse_count(argv[4]));
  BOOTRIG_TRY(const double first, build_once(recipes, argv[1], argv[3]));
  fmt::print(stderr, "the first build took {:.0f} ms\n", first);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    BOOTRIG_TRY(const double ninja, ninja_once(argv[3]));
    BOOTRIG_TRY(const double ours, build_once(recipes, argv[1], argv[3]));
    fmt::print("{:.3f} {:.3f}\n", ours, ninja);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "build_bench BOOTRIG IMAGES FOLDER ROUNDS\n");
    return EXIT_FAILURE;
  }
  const auto done = measure(argv);
  if (!done) fmt::print(stderr, "{}\n", to_text(done.error()));
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
