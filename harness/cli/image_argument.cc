#include "cli/image_argument.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/environment.h"
#include "image/device_tree.h"
#include "image/unpack.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// What Linux gets; no other image takes any of it.
Result<void> set_linux_boot(const ImageFileOptions& options, Image& image) {
  std::error_code error;
  if (image.linux_boot) {
    if (!options.initrd.empty() && !fs::is_regular_file(options.initrd, error))
      return fail("--initrd", fmt::format("'{}' is no file", printable(options.initrd)));
    image.linux_boot->append = options.append;
    if (options.initrd.empty()) return {};
    image.linux_boot->initrd = options.initrd;
    return boots_also(image, options.initrd);
  } else if (!options.initrd.empty() || !options.append.empty()) {
    return fail(options.image,
                "is no Linux arm64 Image (or --load makes it raw bytes): leave --initrd and --append away");
  }
  return {};
}

// QEMU gives it to the guest as it would its own: to Linux in x0, to other code where memory begins.
Result<void> set_device_tree(const std::string& file, const fs::path& unpacked, Image& image) {
  if (file.empty()) return {};
  BOOTRIG_TRY(std::string bytes, read_file(file));
  BOOTRIG_TRY_VOID(parse_device_tree(file, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
  BOOTRIG_TRY(const fs::path given, file_of_tree(unpacked, file, std::move(bytes)));
  image.arguments = {"-dtb", given.string()};
  image.files = {file};
  return boots_also(image, file);
}

bool has_file_options(const ImageFileOptions& options) {
  return !options.load.empty() || !options.initrd.empty() || !options.append.empty() || !options.device_tree.empty();
}

std::vector<std::string> names_of(const std::vector<Recipe>& recipes) {
  std::vector<std::string> names;
  for (const ImageListing& image : list_images(recipes)) names.push_back(image.name);
  return names;
}

}  // namespace

void add_image_file_options(CLI::App& app, ImageFileOptions& options) {
  app.add_option("--load", options.load, "Address at which a raw image is loaded and entered: 0x40400000");
  app.add_option("--initrd", options.initrd, "The initramfs of a Linux Image");
  app.add_option("--append", options.append, "The command line of a Linux Image");
  app.add_option("--dtb", options.device_tree, "A device tree for the guest instead of QEMU's own");
  app.add_option("--symbols", options.symbols, "ELF with the symbols of what runs; repeatable")
      ->allow_extra_args(false);
}

Result<Image> open_image_file(const ImageFileOptions& options) {
  std::optional<std::uint64_t> load;
  if (!options.load.empty()) {
    auto address = parse_address(options.load);
    if (!address) return fail("--load", address.error().message);
    load = *address;
  }
  const fs::path cache = user_cache_folder(), unpacked = cache.empty() ? cache : cache / "unpacked";
  BOOTRIG_TRY(Image image, open_image(options.image, load, unpacked));
  BOOTRIG_TRY_VOID(set_linux_boot(options, image));
  BOOTRIG_TRY_VOID(set_device_tree(options.device_tree, unpacked, image));
  image.symbols.assign(options.symbols.begin(), options.symbols.end());
  if (!image.load_address) image.symbols.push_back(image.file);
  return image;
}

Result<Image> open_image_argument(const ImageFileOptions& options, const ParameterOptions& parameters,
                                  const Project& project, const MachineSpec& machine, const fs::path& folder,
                                  ProcessLauncher& launcher, const Interrupt& interrupt) {
  BOOTRIG_TRY(auto recipes, project.recipes());
  const std::vector<std::string> names = names_of(recipes);
  std::error_code error;
  const bool named = std::ranges::find(names, options.image) != names.end();
  if (fs::is_regular_file(options.image, error) || (!named && fs::exists(options.image, error))) {
    return open_image_file(options);
  }
  if (!named) {
    return fail(fmt::format("there is no file and no image '{}'{}", printable(options.image),
                            did_you_mean(options.image, names)));
  }
  if (has_file_options(options)) {
    return fail(options.image, "its recipe says how it is booted: --load, --initrd, --append and --dtb are for files");
  }
  BOOTRIG_TRY(const auto values, user_parameters(parameters, recipes, {options.image}));
  ImageBuilder builder(std::move(recipes),
                       {.folder = fs::absolute(folder),
                        .program = program_path(),
                        .cache = user_cache_folder(),
                        .user_parameters = values,
                        .interrupt = interrupt.descriptor()},
                       launcher);
  ImageResult built = std::move(builder.build({{options.image, {}, machine}}).front());
  if (!built) return fail(options.image, "cannot be built: " + to_text(built.error().error));
  built->symbols.insert(built->symbols.end(), options.symbols.begin(), options.symbols.end());
  return std::move(*built);
}

}  // namespace bootrig
