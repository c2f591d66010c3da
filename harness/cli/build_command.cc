// bootrig build: images by their recipes, without booting them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/parameters.h"
#include "image/image.h"
#include "image/manifest.h"

namespace bootrig {
namespace {

struct BuildOptions {
  std::vector<std::string> images;
  ParameterOptions parameters;
  std::string target = "virt";
  std::string output = "out";
  std::string project;
  unsigned jobs = 0;
  bool no_cache = false;
  bool manifest = false;
};

Result<std::vector<std::string>> matching_images(const std::vector<Recipe>& recipes,
                                                 const std::vector<std::string>& globs) {
  std::vector<std::string> names, found;
  for (const ImageListing& image : list_images(recipes)) names.push_back(image.name);
  for (const std::string& glob : globs) {
    const std::size_t before = found.size();
    for (const std::string& name : names) {
      if (glob_match(glob, name)) found.push_back(name);
    }
    if (found.size() == before) {
      return fail(fmt::format("there is no image '{}'{}", printable(glob), did_you_mean(glob, names)));
    }
  }
  return found;
}

// "<output>/images/probe.elf": a name that stays while the folders' names follow the contents.
std::filesystem::path link_by_name(const std::filesystem::path& folder, const std::string& name, const Image& image) {
  const std::filesystem::path link = folder / (name + (image.load_address ? ".bin" : ".elf"));
  std::error_code error;
  std::filesystem::remove(link, error);
  std::filesystem::create_symlink(image.file.lexically_proximate(folder), link, error);
  return error ? image.file : link;
}

void tell_failure(const std::string& name, const ImageFailure& failure) {
  const bool skipped = failure.kind == ImageFailure::Kind::kSkipped;
  fmt::print(stderr, "{}: {}{}\n", name, skipped ? "skipped: " : "", printable(to_text(failure.error)));
  if (!failure.log.empty() && !skipped) fmt::print(stderr, "{}\n", printable(trim(failure.log)));
}

// A skipped image is no failure, but when nothing was built nothing is known.
int tell_results(const std::vector<std::string>& names, const std::vector<ImageResult>& results,
                 const std::filesystem::path& folder, bool manifest) {
  std::size_t built = 0, failed = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!results[i]) {
      tell_failure(names[i], results[i].error());
      failed += results[i].error().kind != ImageFailure::Kind::kSkipped;
      continue;
    }
    ++built;
    const auto link = link_by_name(folder, names[i], *results[i]);
    fmt::print("{}  {}  sha256 {}\n", names[i], display_path(link), results[i]->sha256.substr(0, 16));
    const auto text = manifest ? read_file(results[i]->manifest) : Result<std::string>();
    if (manifest && text) fmt::print("{}", manifest_text(*text));
  }
  if (failed > 0) return kExitUnexpected;
  return built > 0 ? kExitExpected : kExitUntrustworthy;
}

Result<int> build(const BuildOptions& options) {
  BOOTRIG_TRY(const Project project, open_whole_project(options.project));
  BOOTRIG_TRY(auto recipes, project.recipes());
  BOOTRIG_TRY(const auto names, matching_images(recipes, options.images));
  BOOTRIG_TRY(const auto settings, user_parameters(options.parameters, recipes, names));
  BOOTRIG_TRY(const TargetReference reference, parse_target_reference(options.target));
  BOOTRIG_TRY(TargetProfile profile, project.target(reference.name));
  BOOTRIG_TRY(const TargetProfile target, apply_variation(std::move(profile), reference.variation));
  ForkingLauncher launcher;
  ImageBuilder::Options builder_options;
  builder_options.folder = std::filesystem::absolute(options.output) / "images";
  builder_options.program = program_path();
  builder_options.user_parameters = settings;
  builder_options.cache = user_cache_folder();
  builder_options.keep_images = !options.no_cache;
  builder_options.jobs = options.jobs;
  ImageBuilder builder(std::move(recipes), builder_options, launcher);
  std::vector<ImageRequest> requests;
  for (const std::string& name : names) requests.push_back({name, {}, target.machine});
  const std::vector<ImageResult> results = builder.build(requests);
  return tell_results(names, results, builder_options.folder, options.manifest);
}

}  // namespace

void add_build_command(CLI::App& app, int& status) {
  auto options = std::make_shared<BuildOptions>();
  app.add_option("IMAGE", options->images, "Images by name or glob; 'bootrig list images' names them")->required();
  add_parameter_options(app, options->parameters);
  app.add_flag("--manifest", options->manifest, "Print what each image was made of and where it lies in memory");
  app.add_flag("--no-cache", options->no_cache, "Build each image anew in a new output folder, and keep none");
  app.add_option("--target,-t", options->target, "For parameters that come from the target")->capture_default_str();
  app.add_option("--output,-o", options->output, "Folder in which images/ is built")->capture_default_str();
  app.add_option("--jobs,-j", options->jobs, "So many compilers at once; 0: as many as ninja thinks right");
  app.add_option("--project", options->project,
                 "Folder with targets/, scenarios/ and images/; found upwards from here");
  app.footer("Prints each image's file and hash.\n\n  bootrig build 'reference-*'");
  app.callback([options, &status] {
    const auto done = build(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
