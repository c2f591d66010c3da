// Image: the bytes under test, and how they came to be. ImageBuilder builds images by their recipes: it writes one
// build.ninja for all that are asked for and has ninja run it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/booted_file.h"
#include "process/launcher.h"
#include "qemu/arguments.h"
#include "spec/recipe.h"
#include "spec/target.h"

namespace bootrig {

struct Image {
  std::string name;  // "reference-hello", or the file's name for an image from outside
  std::filesystem::path file;
  std::optional<std::uint64_t> load_address;  // set: a raw image, or Linux, entered there
  std::optional<LinuxBoot> linux_boot;        // set: a Linux Image
  std::vector<std::string> arguments;         // more of QEMU's
  std::vector<std::filesystem::path> files;   // that they name
  std::uint64_t entry = 0;                    // ELF: its entry; otherwise the load address
  std::vector<BootedFile> booted;             // all files that are booted, the image itself first
  std::string sha256;                         // identity_of(booted)
  std::filesystem::path manifest;  // how it was made, as JSON (images/manifest.schema.json); empty: from outside
  std::vector<std::filesystem::path> symbols;     // ELF files with the symbols of what runs
  std::map<std::string, std::string> parameters;  // all of the recipe's, with the values used
};

// An image from outside (`bootrig boot FILE`): checks that it is a bootable AArch64 ELF, or, with `load`, takes it as
// raw bytes; a Linux Image without `load` is one, with no initramfs and no command line yet. What a uImage or a FIT packs
// is unpacked below `unpack_folder` and is the image; without one that is an error. One clear error otherwise: empty, no
// ELF and no load address, another machine, 32-bit, no loadable segment.
Result<Image> open_image(const std::filesystem::path& file, std::optional<std::uint64_t> load,
                         const std::filesystem::path& unpack_folder = {});

// The image's identity covers this file, too: its initramfs, a disk, a device tree.
Result<void> boots_also(Image& image, const std::filesystem::path& file);

// Why an image is not there.
struct ImageFailure {
  enum class Kind {
    kSkipped,      // a required parameter is missing, or a package of Debian's is out of reach
    kBadSpec,      // the recipe or the request is wrong
    kBuildFailed,  // a stage failed; the message is the tool's first error line
    kHost,         // the host could not: its disk is full
  };
  Kind kind = Kind::kBuildFailed;
  Error error;
  std::string log;  // what the failing stage printed, at most 64 KiB
};
using ImageResult = std::expected<Image, ImageFailure>;

struct ImageRequest {
  std::string name;                        // "reference-hello"
  std::map<std::string, std::string> set;  // parameters: the scenario's; they go before all others
  MachineSpec machine;                     // for parameters that come from the target

  bool operator==(const ImageRequest&) const = default;
};

// What a machine is to boot.
BootImage boot_image(const Image& image);

// All image names that the recipes offer: each recipe's own name and "<recipe>-<variant>".
struct ImageListing {
  std::string name;
  std::string summary;
  std::string recipe;
};
std::vector<ImageListing> list_images(const std::vector<Recipe>& recipes);

class ImageBuilder {
 public:
  struct Options {
    std::filesystem::path folder;   // where build.ninja and the outputs stand
    std::filesystem::path program;  // path of bootrig itself, for `bootrig stage …`
    std::filesystem::path cache;    // the user's, of bootrig: what outlives a run; empty: none
    bool keep_images = true;        // images are kept in the cache and taken from it
    // The user's: under a request's `set`, over variants, the target and defaults. A recipe takes those that it has.
    std::map<std::string, std::string> user_parameters;
    unsigned jobs = 0;                                                           // 0: ninja's own choice
    std::function<void(int done, int total, const std::string& what)> progress;  // may be empty
    int interrupt = -1;  // a descriptor that becomes readable when the build is to stop
  };
  ImageBuilder(std::vector<Recipe> recipes, Options options, ProcessLauncher& launcher);

  // One result per request, in order. Requests that resolve to the same recipe and parameters share one build; equal
  // inputs are not built twice, over runs as well. A failing image does not keep the others from being built.
  std::vector<ImageResult> build(const std::vector<ImageRequest>& requests);

 private:
  std::vector<Recipe> recipes_;
  Options options_;
  ProcessLauncher& launcher_;
};

}  // namespace bootrig
