#include "triage/image_evidence.h"

#include <algorithm>

#include "base/file.h"

namespace bootrig {
namespace {

GivenFile read_given(const std::filesystem::path& file) {
  if (file.empty()) return {};
  return {file.filename().string(), read_file(file).value_or("")};
}

GivenFiles read_given_files(const Image& image) {
  GivenFiles given{.image = read_given(image.file)};
  if (!image.linux_boot) given.image_at = image.load_address;
  const auto option = std::ranges::find(image.arguments, "-dtb");
  if (option != image.arguments.end() && option + 1 != image.arguments.end()) given.tree = read_given(*(option + 1));
  if (image.linux_boot) given.initrd = read_given(image.linux_boot->initrd);
  return given;
}

}  // namespace

Evidence ImageEvidence::with(std::string_view transcript) const {
  Evidence evidence;
  evidence.transcript = transcript;
  evidence.symbols = &symbols;
  evidence.lines = &lines;
  evidence.files = files;
  evidence.loaded = loaded;
  evidence.given = &given;
  return evidence;
}

ImageEvidence read_image(const Image& image) {
  ImageEvidence evidence;
  if (image.load_address) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(image.file, error);
    if (!error && size > 0) evidence.loaded.push_back({*image.load_address, *image.load_address + (size - 1)});
  } else if (auto booted = LoadedElf::open(image.file)) {
    for (const ElfSegment& segment : booted->elf().segments) {
      evidence.loaded.push_back({segment.physical_address, segment.physical_address + (segment.memory_size - 1)});
    }
    evidence.files.push_back(std::move(*booted));
  }
  for (const std::filesystem::path& file : image.symbols) {
    (void)evidence.symbols.add(file);
    (void)evidence.lines.add(file);
    if (file == image.file) continue;
    if (auto elf = LoadedElf::open(file)) evidence.files.push_back(std::move(*elf));
  }
  evidence.given = read_given_files(image);
  return evidence;
}

}  // namespace bootrig
