// What of an image is evidence: the symbols of what runs, the ELF files, the ranges that are loaded.
#pragma once

#include <string_view>
#include <vector>

#include "elf/loaded_elf.h"
#include "elf/source_lines.h"
#include "elf/symbols.h"
#include "image/image.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct ImageEvidence {
  SymbolTable symbols;
  SourceLines lines;
  std::vector<LoadedElf> files;
  std::vector<LoadedRange> loaded;
  GivenFiles given;

  // Evidence of a transcript and this image, which must both outlive it; the rest is for the caller to add.
  Evidence with(std::string_view transcript) const;
};

// Files that cannot be read are left out: triage then knows less.
ImageEvidence read_image(const Image& image);

}  // namespace bootrig
