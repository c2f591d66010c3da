#include "triage/image_evidence.h"

namespace bootrig {

Evidence ImageEvidence::with(std::string_view transcript) const {
  Evidence evidence;
  evidence.transcript = transcript;
  evidence.symbols = &symbols;
  evidence.lines = &lines;
  evidence.files = files;
  evidence.loaded = loaded;
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
  return evidence;
}

}  // namespace bootrig
