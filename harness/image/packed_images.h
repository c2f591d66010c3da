// PackedImages: what a legacy uImage or a FIT of U-Boot holds, and what of it is booted. Pure: bytes in, structs out.
// Hostile bytes give an error, never a crash. Signatures are not verified, and no file is written (unpack.h).
//
// Formats: include/image.h and doc/usage/fit/source_file_format.rst of U-Boot 2023.01.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct PackedHash {
  enum class State { kGood, kBad, kUnknown };  // kUnknown: of an algorithm that bootrig does not know
  std::string algorithm;                       // "crc32", "sha256"; of a uImage also "crc32 of the header"
  State state = State::kUnknown;
};
std::string_view to_text(PackedHash::State state);  // "good", "bad", "unknown"

struct PackedImage {
  std::string name;          // of the FIT's node, or the uImage's own
  std::string kind;          // mkimage's word: "kernel", "standalone", "ramdisk", "flat_dt", ...
  std::string architecture;  // "arm64"; "": not told
  std::string compression;   // "none", "gzip", ...
  std::optional<std::uint64_t> load, entry;
  std::uint64_t offset = 0, size = 0;  // of its bytes in the file
  std::vector<PackedHash> hashes;
};

// Names of images that are booted together.
struct PackedConfiguration {
  std::string name;
  std::string kernel;  // "": none
  std::vector<std::string> trees;
  std::string ramdisk;
  std::vector<std::string> others;  // "loadables"
};

struct PackedImages {
  bool fit = false;  // false: a uImage, of one image and no configuration
  std::vector<PackedImage> images;
  std::vector<PackedConfiguration> configurations;
  std::string default_configuration;  // "": none is named

  const PackedImage* find(std::string_view name) const;
};

bool looks_like_uimage(std::string_view bytes);
// A flattened device tree with a node "/images".
bool looks_like_fit(std::string_view bytes);

// `name` is the place of errors.
Result<PackedImages> read_packed_images(std::string_view name, std::string_view bytes);

// What is to be booted, uncompressed, with every hash checked.
struct UnpackedBoot {
  std::string code;
  std::optional<std::uint64_t> load, entry;
  std::string tree;     // "": none
  std::string ramdisk;  // "": none
  std::optional<std::uint64_t> ramdisk_load;
};
// Of a FIT what its default configuration names. Errors: a hash that does not match, code for another architecture, a
// compression other than gzip, several files in one uImage, no default among several configurations, ...
Result<UnpackedBoot> unpack_for_boot(std::string_view name, std::string_view bytes);

}  // namespace bootrig
