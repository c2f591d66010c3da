// ImageCache: built images in the user's cache folder, for output folders that do not have them yet. An image is kept
// under all that decided its bytes: the commands, the programs that run them, the contents of every file read (those
// that only a compiler knew of included). Its files are copied, never shared, and checked by their hashes on the way
// out. Two bootrigs may use the folder at once; its size is bounded, the image not used for longest goes first.
//
//   images/<key>/<SHA-256 of the manifest>/manifest.json    what was read and made, with hashes
//   images/<key>/<SHA-256 of the manifest>/files/...        what was made
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "image/build_plan.h"
#include "image/manifest.h"
#include "image/resolve.h"

namespace bootrig {

class ImageCache {
 public:
  static constexpr std::uint64_t kDefaultLimit = std::uint64_t{1} << 30;

  // `folder`: the user's, of bootrig; empty: nothing is kept. `limit` in bytes.
  ImageCache(std::filesystem::path folder, const BuildPlaces& places, std::uint64_t limit = kDefaultLimit);

  // "" when the image is none to keep: a program of the user's, or a source tree, has a part in it, and what those read
  // is not all known.
  std::string key_of(const ResolvedRecipe& resolved, const BuildPlan& plan) const;

  // Puts the outputs and the manifest into the plan's folder. False: they are not in the cache, or not whole there; the
  // folder may then hold some.
  bool restore(const std::string& key, const BuildPlan& plan, ManifestFacts& facts) const;

  // Takes what was built, with its manifest, from the plan's folder. That it cannot is no error: the image is there.
  void keep(const std::string& key, const BuildPlan& plan) const;

 private:
  bool restore_entry(const std::filesystem::path& entry, const BuildPlan& plan, ManifestFacts& facts) const;
  void evict() const;

  std::filesystem::path folder_;
  const BuildPlaces& places_;
  std::uint64_t limit_;
};

}  // namespace bootrig
