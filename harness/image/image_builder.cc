#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "image/build_plan.h"
#include "image/image.h"
#include "image/ninja_run.h"
#include "image/resolve.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// No recipe builds for so long: something hangs.
constexpr Duration kBuildLimit = std::chrono::minutes(30);

std::unexpected<ImageFailure> build_failed(Error error, std::string log = "") {
  return std::unexpected(ImageFailure{ImageFailure::Kind::kBuildFailed, std::move(error), std::move(log)});
}

// One build: all the requests that come to the same key.
struct Build {
  BootFile boot;
  std::expected<BuildPlan, ImageFailure> plan;
  ImageResult image;  // without name and parameters, which are a request's
};
using Builds = std::map<std::string, Build>;

// Held while ninja runs: two at once in one folder would write the same files. Ninja and its compilers hold it too: those
// of a bootrig that was killed may still write.
Result<ScopedFd> lock_folder(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  ScopedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  while (fd.valid() && ::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fd.reset();
  }
  if (!fd.valid()) return fail(path.string(), fmt::format("cannot lock: {}", std::strerror(errno)));
  return fd;
}

// Each edge once: images of one recipe share objects.
std::vector<BuildEdge> all_edges(const Builds& builds) {
  std::vector<BuildEdge> edges;
  std::set<std::string> outputs;
  for (const auto& [key, build] : builds) {
    if (!build.plan) continue;
    for (const BuildEdge& edge : build.plan->edges) {
      if (outputs.insert(edge.output).second) edges.push_back(edge);
    }
  }
  return edges;
}

// Ninja looks at the time of build.ninja and reads it anew; its own log says which commands have
// changed.
Result<void> write_ninja_file(const fs::path& folder, const std::string& text) {
  const fs::path path = folder / "build.ninja";
  if (const auto old = read_file(path); old && *old == text) return {};
  return write_file_atomically(path, text);
}

Result<NinjaRun> run_edges(const std::vector<BuildEdge>& edges, const fs::path& folder,
                           const ImageBuilder::Options& options, ProcessLauncher& launcher) {
  if (edges.empty()) return NinjaRun{.status = {.code = 0}};
  BOOTRIG_TRY(const ScopedFd lock, lock_folder(folder));
  BOOTRIG_TRY_VOID(write_ninja_file(folder, ninja_text(edges)));
  const NinjaOptions ninja{.jobs = options.jobs,
                           .progress = options.progress,
                           .limit = kBuildLimit,
                           .interrupt = options.interrupt,
                           .lock = lock.get()};
  return run_ninja(launcher, folder, ninja);
}

// The failure of one of the plan's own commands, in the recipe's order; none when all of them went
// well.
std::optional<ImageFailure> own_failure(const BuildPlan& plan, const NinjaRun& run) {
  for (const BuildEdge& edge : plan.edges) {
    for (const NinjaFailure& failure : run.failures) {
      if (failure.outputs != failed_name(edge)) continue;
      const std::string line = relative_to_project(first_error_line(failure.log), plan.project);
      return ImageFailure{ImageFailure::Kind::kBuildFailed, {"", printable(line)}, failure.log};
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
  if (!run) return build_failed(run.error());
  if (const auto failure = own_failure(*build.plan, *run)) return std::unexpected(*failure);
  if (const auto error = whole_failure(*run)) return build_failed(*error, run->last_words);
  auto image = open_image(build.plan->boot_file, build.plan->load_address);
  if (!image) return build_failed(image.error());
  if (!build.plan->symbols.empty()) image->symbols = build.plan->symbols;
  return *image;
}

// The folder made and with symbolic links resolved, as gcc will find it: it stands in the prefix
// maps.
Result<BuildPlaces> make_places(const ImageBuilder::Options& options) {
  BOOTRIG_TRY_VOID(make_folders(options.folder));
  std::error_code error;
  const fs::path folder = fs::canonical(options.folder, error);
  if (error) return fail(options.folder.string(), fmt::format("cannot be used: {}", error.message()));
  return BuildPlaces{folder, fs::absolute(options.program)};
}

}  // namespace

ImageBuilder::ImageBuilder(std::vector<Recipe> recipes, Options options, ProcessLauncher& launcher)
    : recipes_(std::move(recipes)), options_(std::move(options)), launcher_(launcher) {}

std::vector<ImageResult> ImageBuilder::build(const std::vector<ImageRequest>& requests) {
  const Result<BuildPlaces> places = make_places(options_);
  if (!places) return std::vector<ImageResult>(requests.size(), build_failed(places.error()));

  // What is asked for, and what has to be run for it.
  std::vector<ResolveResult> resolved;
  Builds builds;
  for (const ImageRequest& request : requests) {
    resolved.push_back(resolve_request(recipes_, request, options_.user_parameters));
    if (const auto& recipe = resolved.back(); recipe && !builds.contains(recipe->key)) {
      builds.emplace(recipe->key, Build{recipe->recipe.boot, plan_build(*recipe, *places), Image{}});
    }
  }
  const Result<NinjaRun> run = run_edges(all_edges(builds), places->folder, options_, launcher_);
  for (auto& [key, build] : builds) build.image = finish_build(build, run);

  std::vector<ImageResult> results;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!resolved[i]) {
      results.push_back(std::unexpected(resolved[i].error()));
      continue;
    }
    results.push_back(builds.at(resolved[i]->key).image);
    if (!results.back()) continue;
    results.back()->name = requests[i].name;
    results.back()->parameters = resolved[i]->parameters;
  }
  return results;
}

}  // namespace bootrig
