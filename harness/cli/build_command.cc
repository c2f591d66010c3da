// bootrig build: images by their recipes, without booting them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "image/image.h"

namespace bootrig {
namespace {

struct BuildOptions {
  std::vector<std::string> images;
  std::vector<std::string> settings;
  std::string target = "virt";
  std::string output = "out";
  std::string project;
  unsigned jobs = 0;
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

int tell_failure(const std::string& name, const ImageFailure& failure) {
  fmt::print(stderr, "{}: {}\n", name, printable(to_text(failure.error)));
  if (!failure.log.empty()) fmt::print(stderr, "{}\n", printable(trim(failure.log)));
  return kExitUnexpected;
}

Result<int> build(const BuildOptions& options) {
  BOOTRIG_TRY(const Project project, open_project(options.project));
  BOOTRIG_TRY(auto recipes, project.recipes());
  BOOTRIG_TRY(const auto names, matching_images(recipes, options.images));
  BOOTRIG_TRY(const auto settings, parse_settings(options.settings));
  BOOTRIG_TRY(const TargetReference reference, parse_target_reference(options.target));
  BOOTRIG_TRY(TargetProfile profile, project.target(reference.name));
  BOOTRIG_TRY(const TargetProfile target, apply_variation(std::move(profile), reference.variation));
  ForkingLauncher launcher;
  ImageBuilder::Options builder_options;
  builder_options.folder = std::filesystem::absolute(options.output) / "images";
  builder_options.program = program_path();
  builder_options.user_parameters = settings;
  builder_options.jobs = options.jobs;
  ImageBuilder builder(std::move(recipes), builder_options, launcher);
  std::vector<ImageRequest> requests;
  for (const std::string& name : names) requests.push_back({name, {}, target.machine});
  const std::vector<ImageResult> results = builder.build(requests);
  int status = kExitExpected;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (results[i]) {
      const auto link = link_by_name(builder_options.folder, names[i], *results[i]);
      fmt::print("{}  {}  sha256 {}\n", names[i], display_path(link), results[i]->sha256.substr(0, 16));
    } else {
      status = tell_failure(names[i], results[i].error());
    }
  }
  return status;
}

}  // namespace

void add_build_command(CLI::App& app, int& status) {
  auto options = std::make_shared<BuildOptions>();
  app.add_option("IMAGE", options->images, "Images by name or glob; 'bootrig list images' names them")->required();
  app.add_option("--set", options->settings, "A recipe's parameter: name=value; repeatable")->allow_extra_args(false);
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
