#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_set>

#include "base/file.h"
#include "base/text.h"
#include "image/build_plan.h"
#include "image/debian_package.h"
#include "image/image.h"
#include "image/image_cache.h"
#include "image/manifest.h"
#include "image/ninja_run.h"
#include "image/resolve.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// No recipe builds for so long: something hangs.
constexpr Duration kBuildLimit = std::chrono::minutes(30);

// ENOSPC, as strerror has it and so all programs print it: nothing that the image's author could mend.
bool says_disk_is_full(std::string_view text) {
  return text.contains("No space left on device");
}

ImageFailure failure_of(Error error, std::string log) {
  if (!says_disk_is_full(error.message) && !says_disk_is_full(log)) {
    return {ImageFailure::Kind::kBuildFailed, std::move(error), std::move(log)};
  }
  error.message = "a disk is full, so the image could not be built: " + error.message;
  return {ImageFailure::Kind::kHost, std::move(error), std::move(log)};
}

std::unexpected<ImageFailure> build_failed(Error error, std::string log = "") {
  return std::unexpected(failure_of(std::move(error), std::move(log)));
}

// One build: all the requests that come to the same key.
struct Build {
  ResolvedRecipe recipe;
  std::expected<BuildPlan, ImageFailure> plan;
  bool restored = false;                // out of the cache: ninja has nothing to do for it
  std::optional<Result<Image>> opened;  // what stood there before ninja was asked, and still stands
  ImageResult image;                    // without name and parameters, which are a request's
};
using Builds = std::map<std::string, Build>;

// Each edge once: images of one recipe share objects.
std::vector<const BuildEdge*> all_edges(const Builds& builds) {
  std::vector<const BuildEdge*> edges;
  std::unordered_set<std::string_view> outputs;
  for (const auto& [key, build] : builds) {
    if (!build.plan || build.restored) continue;
    for (const BuildEdge& edge : build.plan->edges) {
      if (outputs.insert(edge.output).second) edges.push_back(&edge);
    }
  }
  return edges;
}

// What the builds of one folder share.
struct Workshop {
  BuildPlaces places;
  ScopedFd lock;  // on the folder
  NinjaLook look;
};

// Whether all that is planned stands there already. The boot files are opened while ninja looks: that takes as long as
// the rest of the planning, and most often they are those that are wanted.
bool nothing_to_do(Builds& builds, Workshop& shop) {
  for (auto& [key, build] : builds) {
    if (build.plan) build.opened = open_image(build.plan->boot_file, build.plan->load_address);
  }
  if (shop.look.nothing_to_do()) return true;
  for (auto& [key, build] : builds) build.opened.reset();
  return false;
}

// Ninja's own log says which commands have changed.
Result<NinjaRun> run_edges(Builds& builds, Workshop& shop, const ImageBuilder::Options& options,
                           ProcessLauncher& launcher) {
  const NinjaRun nothing_run{.status = {.code = 0}};
  const std::vector<const BuildEdge*> edges = all_edges(builds);
  if (edges.empty()) return nothing_run;
  const fs::path path = shop.places.folder / "build.ninja";
  const std::string text = ninja_text(edges);
  if (const auto old = read_file(path); old && *old == text) {
    if (nothing_to_do(builds, shop)) return nothing_run;
  } else {
    BOOTRIG_TRY_VOID(write_file_atomically(path, text));
  }
  const NinjaOptions ninja{.jobs = options.jobs,
                           .progress = options.progress,
                           .limit = kBuildLimit,
                           .interrupt = options.interrupt,
                           .lock = shop.lock.get()};
  return run_ninja(launcher, shop.places.folder, ninja);
}

// The failure of one of the plan's own commands, in the recipe's order; none when all of them went
// well.
std::optional<ImageFailure> own_failure(const BuildPlan& plan, const NinjaRun& run) {
  for (const BuildEdge& edge : plan.edges) {
    for (const NinjaFailure& failure : run.failures) {
      if (failure.outputs != failed_name(edge)) continue;
      const std::string line = relative_to_project(first_error_line(failure.log), plan.project);
      return failure_of({"", printable(line)}, failure.log);
    }
  }
  return std::nullopt;
}

// What stopped ninja itself, when no command is to blame. Unless ninja says that it did all that it
// could, an old output of a command that was never run could be taken for the image.
std::optional<Error> whole_failure(const NinjaRun& run) {
  if (run.interrupted) return Error{"", "the build was interrupted"};
  if (run.timed_out) return Error{"", fmt::format("ninja did not end in {}", format_duration(kBuildLimit))};
  if (run.status.code == 0) return std::nullopt;
  const bool did_the_rest = run.last_words.find("cannot make progress due to previous errors") != std::string::npos;
  if (run.status.code == 1 && !run.failures.empty() && did_the_rest) return std::nullopt;
  const std::string words = printable(trim(run.last_words));
  return Error{"", fmt::format("ninja failed ({}){}{}", run.status.to_text(), words.empty() ? "" : ": ", words)};
}

ImageResult finish_build(const Build& build, const Result<NinjaRun>& run) {
  if (!build.plan) return std::unexpected(build.plan.error());
  if (!build.restored) {
    if (!run) return build_failed(run.error());
    if (const auto failure = own_failure(*build.plan, *run)) return std::unexpected(*failure);
    if (const auto error = whole_failure(*run)) return build_failed(*error, run->last_words);
  }
  const BootFile& boot = build.recipe.recipe.boot;
  auto image = build.opened ? *build.opened : open_image(build.plan->boot_file, build.plan->load_address);
  if (!image) return build_failed(image.error());
  const std::string file = build.plan->boot_file.string();
  if (image->linux_boot && boot.format != BootFormat::kLinux)
    return build_failed({file, "is a Linux Image; the recipe's boot has another format than 'linux'"});
  if (!image->linux_boot && boot.format == BootFormat::kLinux)
    return build_failed({file, "is no Linux arm64 Image (uncompressed), as the recipe's format 'linux' says"});
  if (image->linux_boot) image->linux_boot = LinuxBoot{build.plan->initrd, boot.append};
  image->arguments = build.plan->arguments;
  image->files = build.plan->files;
  std::vector<fs::path> others = build.plan->files;
  if (image->linux_boot && !build.plan->initrd.empty()) others.insert(others.begin(), build.plan->initrd);
  for (const fs::path& other : others) {
    if (auto known = boots_also(*image, other); !known) return build_failed(known.error());
  }
  if (!build.plan->symbols.empty()) image->symbols = build.plan->symbols;
  return *image;
}

// An image comes out of the cache when the folder does not have it, or has it from there: what ninja has made there is
// ninja's, and quicker to bring up to date.
void restore(Build& build, const BuildPlaces& places, const ImageCache& cache, ManifestFacts& facts) {
  if (!build.plan) return;
  const fs::path folder = places.folder / build.plan->folder, mark = folder / ".from-cache";
  std::error_code error;
  if (fs::exists(folder, error) && !fs::exists(mark, error)) return;
  const std::string key = cache.key_of(build.recipe, *build.plan);
  build.restored = !key.empty() && cache.restore(key, *build.plan, facts);
  if (build.restored) {
    (void)write_file(mark, "");
  } else {
    fs::remove_all(folder, error);
  }
}

// After ninja: the manifest, and the image into the cache.
void record(Build& build, const BuildPlaces& places, const ImageCache& cache, ManifestFacts& facts, bool anything_ran) {
  if (!build.image) return;
  build.image->manifest = places.folder / build.plan->folder / "manifest.json";
  std::error_code error;
  if (build.restored || (!anything_ran && fs::exists(build.image->manifest, error))) return;
  const std::string text = make_manifest(build.recipe, *build.plan, places, *build.image, facts);
  // An image of a prebuilt file alone has no other output there.
  auto written = make_folders(build.image->manifest.parent_path());
  if (written) written = write_file(build.image->manifest, text);
  if (!written) {
    build.image = build_failed(written.error());
  } else if (const std::string key = cache.key_of(build.recipe, *build.plan); !key.empty()) {
    cache.keep(key, *build.plan);
  }
}

void run_builds(Builds& builds, Workshop& shop, const ImageBuilder::Options& options, ProcessLauncher& launcher) {
  const BuildPlaces& places = shop.places;
  const ImageCache cache(options.keep_images ? options.cache : fs::path(), places);
  ManifestFacts before(places.folder, launcher), after(places.folder, launcher);
  for (auto& [key, build] : builds) restore(build, places, cache, before);
  const Result<NinjaRun> run = run_edges(builds, shop, options, launcher);
  for (auto& [key, build] : builds) {
    build.image = finish_build(build, run);
    record(build, places, cache, after, run && run->commands > 0);
  }
}

// The folder made and with symbolic links resolved, as gcc will find it: it stands in the prefix maps. Ninja and its
// compilers hold the lock too: those of a bootrig that was killed may still write, and two at once in one folder would
// write the same files.
Result<Workshop> open_workshop(const ImageBuilder::Options& options, ProcessLauncher& launcher) {
  BOOTRIG_TRY_VOID(make_folders(options.folder));
  std::error_code error;
  const fs::path folder = fs::canonical(options.folder, error);
  if (error) return fail(options.folder.string(), fmt::format("cannot be used: {}", error.message()));
  BOOTRIG_TRY(ScopedFd lock, lock_file(folder / ".lock"));
  NinjaLook look(launcher, folder, lock.get());
  return Workshop{{folder, fs::absolute(options.program)}, std::move(lock), std::move(look)};
}

// A recipe's debian-package stages have files to plan with.
std::expected<void, ImageFailure> fetch_packages(ResolvedRecipe& resolved, DebianPackages& packages) {
  for (const Stage& stage : resolved.recipe.stages) {
    const auto* package = std::get_if<DebianPackageStage>(&stage.what);
    if (!package) continue;
    BOOTRIG_TRY(resolved.packaged[package->name], packages.files_of(*package, stage.place));
  }
  return {};
}

std::expected<BuildPlan, ImageFailure> make_plan(ResolvedRecipe& resolved, const BuildPlaces& places,
                                                 DebianPackages& packages) {
  BOOTRIG_TRY_VOID(fetch_packages(resolved, packages));
  return plan_build(resolved, places);
}

}  // namespace

ImageBuilder::ImageBuilder(std::vector<Recipe> recipes, Options options, ProcessLauncher& launcher)
    : recipes_(std::move(recipes)), options_(std::move(options)), launcher_(launcher) {}

std::vector<ImageResult> ImageBuilder::build(const std::vector<ImageRequest>& requests) {
  Result<Workshop> shop = open_workshop(options_, launcher_);
  if (!shop) return std::vector<ImageResult>(requests.size(), build_failed(shop.error()));

  // What is asked for, and what has to be run for it. A matrix asks for the same again and again.
  struct Asked {
    std::string key;
    std::map<std::string, std::string> parameters;
  };
  std::vector<std::expected<Asked, ImageFailure>> asked;
  Builds builds;
  DebianPackages packages(options_.cache, launcher_);
  std::vector<std::size_t> first;  // of equal requests
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto same =
        std::ranges::find(first, requests[i], [&](std::size_t at) -> const ImageRequest& { return requests[at]; });
    if (same != first.end()) {
      asked.push_back(std::expected<Asked, ImageFailure>(asked[*same]));
      continue;
    }
    first.push_back(i);
    ResolveResult recipe = resolve_request(recipes_, requests[i], options_.user_parameters);
    if (!recipe) {
      asked.push_back(std::unexpected(std::move(recipe.error())));
      continue;
    }
    asked.push_back(Asked{recipe->key, recipe->parameters});
    if (builds.contains(recipe->key)) continue;
    auto plan = make_plan(*recipe, shop->places, packages);
    std::string key = recipe->key;
    builds.emplace(std::move(key), Build{.recipe = *std::move(recipe), .plan = std::move(plan), .image = Image{}});
  }
  run_builds(builds, *shop, options_, launcher_);

  std::vector<ImageResult> results;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!asked[i]) {
      results.push_back(std::unexpected(asked[i].error()));
      continue;
    }
    results.push_back(builds.at(asked[i]->key).image);
    if (!results.back()) continue;
    results.back()->name = requests[i].name;
    results.back()->parameters = asked[i]->parameters;
  }
  return results;
}

}  // namespace bootrig
