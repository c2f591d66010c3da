// DebianPackages: files out of Debian's archive, of any architecture. apt fetches them, with a root of its own below the
// user's cache folder: nothing of the host's apt changes, its sources list and keyring say where from and whom to trust.
// A package stays in the cache under its version; from then on no network is needed. What a file is for, recipes know.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "process/launcher.h"
#include "spec/recipe.h"

namespace bootrig {

class DebianPackages {
 public:
  using Files = std::expected<std::vector<std::filesystem::path>, ImageFailure>;

  // `cache`: the user's cache folder of bootrig; empty: he has none.
  DebianPackages(std::filesystem::path cache, ProcessLauncher& launcher)
      : cache_(std::move(cache)), launcher_(launcher) {}

  // One file for each of the stage's globs, in order. Neither in the cache nor to be had: the image is skipped.
  // `place`: of the stage, for errors.
  Files files_of(const DebianPackageStage& stage, const std::string& place);

 private:
  using Folder = std::expected<std::filesystem::path, ImageFailure>;
  using Output = std::expected<std::string, ImageFailure>;
  struct Available {
    std::string name;
    std::string version;
    std::vector<std::string> depends;  // names alone
  };
  using Found = std::expected<Available, ImageFailure>;

  Folder unpacked(const DebianPackageStage& stage, const std::string& place);
  Folder fetch(const DebianPackageStage& stage, const std::string& place);
  Folder unpack(const DebianPackageStage& stage, const Available& package);
  // The stage's package, or the dependency that its `follow` leads to.
  Found available(const DebianPackageStage& stage, const std::string& place);
  Found show(const DebianPackageStage& stage, const std::string& package, const std::string& place);
  Output update(const DebianPackageStage& stage);
  // Runs apt with its own root. The output, or, of a failure, `skipped` with apt's last line.
  Output apt(const DebianPackageStage& stage, std::vector<std::string> command,
             const std::filesystem::path& folder = {});

  std::filesystem::path folder_of(const DebianPackageStage& stage) const;

  std::filesystem::path cache_;
  ProcessLauncher& launcher_;
  std::map<std::string, Output> updates_;  // by architecture: at most one a run
};

}  // namespace bootrig
