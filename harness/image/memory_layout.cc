#include "image/memory_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "elf/elf_contents.h"
#include "elf/elf_file.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

std::string access_of(const ElfSegment& segment) {
  return fmt::format("{}{}{}", segment.readable() ? 'r' : '-', segment.writable() ? 'w' : '-',
                     segment.executable() ? 'x' : '-');
}

void add_segments(const fs::path& file, const ElfFile& elf, std::vector<MemoryPart>& parts) {
  for (std::size_t i = 0; i < elf.segments.size(); ++i) {
    const ElfSegment& segment = elf.segments[i];
    parts.push_back({segment.physical_address, segment.memory_size,
                     fmt::format("{} segment {} {}", file.filename().string(), i, access_of(segment))});
  }
}

// What an embed stage put into the image lies between its symbols; these are virtual addresses.
void add_embedded(const ResolvedRecipe& resolved, const fs::path& file, const ElfFile& elf, const ElfContents& contents,
                  std::vector<MemoryPart>& parts) {
  for (const Stage& stage : resolved.recipe.stages) {
    const auto* embed = std::get_if<EmbedStage>(&stage.what);
    const auto* begin = embed ? contents.find(embed->symbol) : nullptr;
    const auto* end = embed ? contents.find(embed->symbol + "_end") : nullptr;
    if (!begin || !end || end->address <= begin->address) continue;
    for (const ElfSegment& segment : elf.segments) {
      const std::uint64_t offset = begin->address - segment.virtual_address;
      if (offset >= segment.memory_size || end->address - begin->address > segment.memory_size - offset) continue;
      parts.push_back({segment.physical_address + offset, end->address - begin->address,
                       fmt::format("{} in {}", embed->symbol, file.filename().string())});
      break;
    }
  }
}

// A file that cannot be read any more says nothing.
void add_file(const ResolvedRecipe& resolved, const fs::path& file, std::vector<MemoryPart>& parts) {
  const auto bytes = read_file(file);
  const auto elf = bytes ? parse_elf(file.string(), *bytes) : Result<ElfFile>(fail(""));
  if (!elf) return;
  add_segments(file, *elf, parts);
  if (const auto contents = read_elf_contents(file.string(), *bytes)) {
    add_embedded(resolved, file, *elf, *contents, parts);
  }
}

}  // namespace

std::vector<MemoryPart> memory_layout(const ResolvedRecipe& resolved, const Image& image) {
  std::vector<MemoryPart> parts;
  std::error_code error;
  const std::uint64_t size = fs::file_size(image.file, error);
  if (image.load_address && !error && size > 0) {
    parts.push_back({*image.load_address, size, image.file.filename().string()});
  } else {
    add_file(resolved, image.file, parts);
  }
  for (const fs::path& file : image.symbols) {
    if (file != image.file) add_file(resolved, file, parts);
  }
  std::ranges::sort(parts, [](const MemoryPart& a, const MemoryPart& b) {
    return a.start != b.start ? a.start < b.start : a.size > b.size;
  });
  return parts;
}

std::vector<std::string> memory_picture(const std::vector<MemoryPart>& parts) {
  std::vector<std::string> lines;
  std::uint64_t reached = 0;  // the end of what was drawn so far
  for (const MemoryPart& part : parts) {
    const std::uint64_t last = part.start + (part.size - 1);
    const bool inside = !lines.empty() && part.start < reached;
    if (!lines.empty() && part.start > reached) {
      lines.push_back(fmt::format("{:26}  .. {} free", "", format_size(part.start - reached)));
    }
    const std::string note = inside && last >= reached ? "  OVERLAPS what is above" : "";
    lines.push_back(fmt::format("{:#014x}..{:#014x}{}|{}| {:>8}  {}{}", part.start, last, inside ? "   " : " ",
                                inside ? ":" : "=", format_size(part.size), printable(part.what), note));
    reached = std::max(reached, last + 1);
  }
  return lines;
}

}  // namespace bootrig
