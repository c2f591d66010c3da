// The manifest of an image that was built: its stages, the files it was made of, the tools, where it lies in memory. It
// stands as manifest.json beside the image (images/manifest.schema.json). Writing it is bookkeeping: it decides nothing.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/build_plan.h"
#include "image/image.h"
#include "image/resolve.h"
#include "process/launcher.h"

namespace bootrig {

// Hashes and versions that the manifests of one build have in common, each looked up once.
class ManifestFacts {
 public:
  ManifestFacts(std::filesystem::path folder, ProcessLauncher& launcher)
      : folder_(std::move(folder)), launcher_(launcher) {}

  // SHA-256 of a file, relative to the build's folder or absolute; "" when it cannot be read.
  const std::string& sha256(const std::string& file);
  // What ninja found to be read by the commands beyond their inputs: headers. By output.
  const std::map<std::string, std::vector<std::string>>& dependencies();
  // The first line of `program --version`; "" when there is none.
  const std::string& version(const std::string& program);

 private:
  std::filesystem::path folder_;
  ProcessLauncher& launcher_;
  std::map<std::string, std::string> hashes_, versions_;
  std::optional<std::map<std::string, std::vector<std::string>>> dependencies_;
};

// manifest.json's text. `places`: where the plan was built.
std::string make_manifest(const ResolvedRecipe& resolved, const BuildPlan& plan, const BuildPlaces& places,
                          const Image& image, ManifestFacts& facts);

// A manifest for people, memory as a picture; an error's text when it is none.
std::string manifest_text(std::string_view manifest);

// A file of a manifest with its hash.
struct ManifestFile {
  std::string file;
  std::string sha256;
};
struct ManifestFiles {
  std::vector<ManifestFile> inputs;   // relative to the project, or absolute
  std::vector<ManifestFile> outputs;  // relative to the build's folder
};
Result<ManifestFiles> read_manifest_files(const std::filesystem::path& manifest);

}  // namespace bootrig
