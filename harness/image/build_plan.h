// A resolved recipe as commands and files: what ninja has to run. Looks at files (what a recipe
// names must be there), writes none and starts nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "image/ninja_file.h"
#include "image/resolve.h"

namespace bootrig {

struct BuildPlan {
  // In the recipe's order. Objects are shared: plans of one recipe may hold the same compile edge,
  // with the same output.
  std::vector<BuildEdge> edges;
  std::string folder;                          // of the image's own outputs, relative to the build's
  std::filesystem::path boot_file;             // absolute
  std::optional<std::uint64_t> load_address;   // set: the boot file is raw bytes
  std::filesystem::path initrd;                // absolute; empty: none
  std::vector<std::string> arguments;          // more of QEMU's
  std::vector<std::filesystem::path> files;    // that they name; absolute
  std::vector<std::filesystem::path> symbols;  // absolute
  // The folder that holds images/. Objects and messages name files relative to it, so that they do
  // not depend on where the checkout stands.
  std::filesystem::path project;
};

struct BuildPlaces {
  std::filesystem::path folder;   // where ninja runs and the outputs stand; absolute
  std::filesystem::path program;  // bootrig itself; absolute
};

std::expected<BuildPlan, ImageFailure> plan_build(const ResolvedRecipe& resolved, const BuildPlaces& places);

// `text` with the project's folder taken off every path in it.
std::string relative_to_project(std::string text, const std::filesystem::path& project);

}  // namespace bootrig
