#include "inspect/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "inspect/bytes.h"
#include "inspect/microkit.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kTreeMagic = 0xd00dfeed;
constexpr std::string_view kLinuxMagic = "ARM\x64"sv;
constexpr std::uint64_t kLinuxMagicAt = 56;
// ELF64, little-endian (gABI, e_ident).
constexpr std::string_view kElfMagic =
    "\x7f"
    "ELF\x02\x01"sv;
constexpr std::uint64_t kSectionTableAt = 0x28, kProgramCountAt = 0x38, kSectionSizeAt = 0x3a, kSectionCountAt = 0x3c;
// Magics that are looked at: hostile bytes could hold millions.
constexpr unsigned kMagicsMax = 4096;
constexpr std::size_t kBrokenMax = 8;
constexpr std::uint16_t kProgramHeadersMax = 64;  // of a program in the image

Result<void> read_elf(std::string_view name, std::string_view bytes, ImageContents& contents) {
  BOOTRIG_TRY(const ElfFile elf, parse_elf(name, bytes));
  contents.entry = elf.entry;
  for (const ElfSegment& segment : elf.segments) {
    const std::uint64_t into = elf.entry - segment.virtual_address;
    if (into < segment.memory_size) contents.entry = segment.physical_address + into;
    contents.regions.push_back({.name = fmt::format("segment {}", contents.regions.size()),
                                .address = segment.physical_address,
                                .size = segment.memory_size,
                                .file_offset = segment.file_offset,
                                .file_size = segment.file_size,
                                .writable = segment.writable(),
                                .executable = segment.executable()});
  }
  return {};
}

// What is compressed is no code yet, and has no region.
Result<void> read_packed(std::string_view name, std::string_view bytes, ImageContents& contents) {
  auto packed = read_packed_images(name, bytes);
  if (!packed && contents.form == ImageContents::Form::kUImage) return std::unexpected(packed.error());
  const auto unpacked = unpack_for_boot(name, bytes);
  if (!unpacked) contents.not_unpacked = unpacked.error().message;
  if (!packed) return {};
  contents.packed = std::move(*packed);
  const PackedImage& image = contents.packed->images.front();
  if (contents.packed->fit || image.compression != "none" || !image.load) return {};
  contents.entry = image.entry;
  contents.regions.push_back({.name = "the image",
                              .address = *image.load,
                              .size = image.size,
                              .file_offset = image.offset,
                              .file_size = image.size});
  return {};
}

// Of Image: code0, code1, text_offset, image_size, flags, all little-endian.
std::optional<LinuxHeader> linux_header(std::string_view bytes) {
  constexpr std::uint64_t kTextOffsetAt = 8, kSizeAt = 16, kFlagsAt = 24, kBigEndian = 1;
  if (!bytes.substr(std::min<std::size_t>(bytes.size(), kLinuxMagicAt)).starts_with(kLinuxMagic)) return std::nullopt;
  return LinuxHeader{.text_offset = little_endian<std::uint64_t>(bytes, kTextOffsetAt).value_or(0),
                     .memory_size = little_endian<std::uint64_t>(bytes, kSizeAt).value_or(0),
                     .big_endian = (little_endian<std::uint64_t>(bytes, kFlagsAt).value_or(0) & kBigEndian) != 0};
}

ImageContents::Form form_of(std::string_view bytes, const ImageContents& contents) {
  using Form = ImageContents::Form;
  if (looks_like_elf(bytes)) return Form::kElf;
  if (looks_like_uimage(bytes)) return Form::kUImage;
  if (looks_like_fit(bytes)) return Form::kFit;
  if (contents.linux) return Form::kLinux;
  return big_endian<std::uint32_t>(bytes, 0) == kTreeMagic ? Form::kTree : Form::kRaw;
}

Result<void> read_raw(std::string_view name, std::string_view bytes, std::optional<std::uint64_t> load,
                      ImageContents& contents) {
  if (!load && contents.loader) load = microkit_link_address(bytes);
  if (!load) return {};
  const std::uint64_t size = std::max<std::uint64_t>(bytes.size(), contents.linux ? contents.linux->memory_size : 0);
  if (*load > ~std::uint64_t{0} - size) {
    return fail(std::string(name), fmt::format("loaded at {:#x} reaches past the end of the address space", *load));
  }
  contents.entry = *load;
  contents.regions.push_back({.name = "the image", .address = *load, .size = size, .file_size = bytes.size()});
  return {};
}

// How much of the bytes is the ELF file that begins there: to the end of its last segment or section.
std::uint64_t extent(std::string_view bytes, const ElfFile& elf) {
  std::uint64_t end = 64;
  for (const ElfSegment& segment : elf.segments) end = std::max(end, segment.file_offset + segment.file_size);
  const std::uint64_t table = little_endian<std::uint64_t>(bytes, kSectionTableAt).value_or(0);
  const std::uint64_t sections = std::uint64_t{little_endian<std::uint16_t>(bytes, kSectionSizeAt).value_or(0)} *
                                 little_endian<std::uint16_t>(bytes, kSectionCountAt).value_or(0);
  if (table <= bytes.size() && sections <= bytes.size() - table) end = std::max(end, table + sections);
  return std::min<std::uint64_t>(end, bytes.size());
}

// The archive's member that begins there; null: none does.
const ArchiveMember* member_at(const std::vector<Archive>& archives, std::uint64_t offset) {
  for (const Archive& archive : archives) {
    for (const ArchiveMember& member : archive.members) {
      if (member.first == offset) return &member;
    }
  }
  return nullptr;
}

// The magic alone is a constant of code that reads ELF; a whole e_ident and the sizes of the gABI are not.
bool claims_to_be_program(std::string_view bytes) {
  constexpr std::uint16_t kExecutableType = 2, kSharedType = 3, kAarch64 = 183, kHeaderSize = 64;
  const auto half = [&](std::uint64_t at) { return little_endian<std::uint16_t>(bytes, at).value_or(0); };
  return (half(0x10) == kExecutableType || half(0x10) == kSharedType) && half(0x12) == kAarch64 &&
         half(0x34) == kHeaderSize;
}

void find_programs(std::string_view bytes, ImageContents& contents) {
  std::size_t at = bytes.find(kElfMagic, contents.form == ImageContents::Form::kElf ? 1 : 0);
  for (unsigned looked = 0; at != bytes.npos && looked < kMagicsMax; ++looked) {
    std::uint64_t size = 1;
    const ArchiveMember* member = member_at(contents.archives, at);
    const std::string name = member != nullptr ? member->name : "unnamed ELF";
    // What lies behind a member is another's.
    const std::string_view rest = bytes.substr(at, member != nullptr ? member->size : bytes.npos);
    const bool small = little_endian<std::uint16_t>(rest, kProgramCountAt).value_or(0) <= kProgramHeadersMax;
    if (auto elf = small ? parse_elf("", rest) : Result<ElfFile>(fail("has too many program headers"))) {
      size = extent(rest, *elf);
      contents.programs.push_back({name, at, size, *std::move(elf)});
    } else if (claims_to_be_program(rest) && contents.broken.size() < kBrokenMax) {
      contents.broken.push_back({BrokenPart::Kind::kProgram, name, at, elf.error().message});
    }
    at = bytes.find(kElfMagic, at + size);
  }
}

// A header of version 17, as each tool writes it, whose tree was not found there. Behind a magic alone is anything; but
// a file that begins with it has nothing else to be.
void find_broken_trees(std::string_view bytes, ImageContents& contents) {
  constexpr std::string_view kMagic = "\xd0\x0d\xfe\xed"sv;
  constexpr std::uint64_t kVersionAt = 20, kCompatibleAt = 24;
  std::size_t at = bytes.find(kMagic);
  for (unsigned looked = 0; at != bytes.npos && looked < kMagicsMax; ++looked, at = bytes.find(kMagic, at + 1)) {
    const bool by_itself = at == 0 && contents.form == ImageContents::Form::kTree;
    const bool claims = by_itself || (big_endian<std::uint32_t>(bytes, at + kVersionAt) == 17u &&
                                      big_endian<std::uint32_t>(bytes, at + kCompatibleAt) == 16u);
    const bool read = std::ranges::find(contents.trees, at, &EmbeddedTree::offset) != contents.trees.end();
    if (!claims || read || contents.broken.size() >= kBrokenMax) continue;
    const std::span rest(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at, bytes.size() - at);
    contents.broken.push_back(
        {BrokenPart::Kind::kTree, "device tree", at, device_tree_damage(rest).value_or("cannot be read")});
  }
}

void find_trees(std::string_view bytes, ImageContents& contents) {
  const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  for (const std::size_t at : find_device_trees(view)) {
    if (auto tree = parse_device_tree("", view.subspan(at))) contents.trees.push_back({at, *std::move(tree)});
  }
  find_broken_trees(bytes, contents);
}

}  // namespace

const ImageRegion* ImageContents::loaded_at(std::uint64_t address) const {
  for (const ImageRegion& region : regions) {
    if (region.kind == ImageRegion::Kind::kLoaded && region.contains(address)) return &region;
  }
  return nullptr;
}

const EmbeddedProgram* embedded_kernel(const ImageContents& contents) {
  const EmbeddedProgram* kernel = nullptr;
  for (const EmbeddedProgram& program : contents.programs) {
    const bool moved = std::ranges::any_of(program.elf.segments,
                                           [](const ElfSegment& s) { return s.virtual_address != s.physical_address; });
    if (!moved) continue;
    if (kernel != nullptr) return nullptr;
    kernel = &program;
  }
  return kernel;
}

std::vector<ImageRegion> all_regions(const ImageContents& contents) {
  std::vector<ImageRegion> regions = contents.regions;
  const EmbeddedProgram* kernel = contents.loader ? nullptr : embedded_kernel(contents);
  if (kernel == nullptr) return regions;
  for (const ElfSegment& segment : kernel->elf.segments) {
    regions.push_back({.kind = ImageRegion::Kind::kCopied,
                       .name = fmt::format("{} in the image", kernel->name),
                       .address = segment.physical_address,
                       .size = segment.memory_size});
  }
  return regions;
}

std::string form_text(const ImageContents& contents) {
  const std::string_view loader = contents.loader ? "Microkit loader image" : "";
  switch (contents.form) {
    case ImageContents::Form::kElf:
      return contents.loader ? fmt::format("{} in an ELF", loader) : "ELF";
    case ImageContents::Form::kUImage:
      return contents.loader ? fmt::format("{} in a uImage", loader) : "uImage";
    case ImageContents::Form::kLinux:
      return "Linux Image";
    case ImageContents::Form::kTree:
      return "device tree";
    case ImageContents::Form::kFit:
      return "FIT";
    case ImageContents::Form::kRaw:
      break;
  }
  return contents.loader ? std::string(loader) : "raw bytes";
}

Result<ImageContents> read_contents(std::string_view display_name, std::string_view bytes,
                                    std::optional<std::uint64_t> load) {
  if (bytes.empty()) return fail(std::string(display_name), "is empty");
  ImageContents contents{.size = bytes.size()};
  contents.linux = linux_header(bytes);
  contents.form = form_of(bytes, contents);
  if (contents.form != ImageContents::Form::kLinux) contents.linux.reset();
  const bool packed = contents.form == ImageContents::Form::kUImage || contents.form == ImageContents::Form::kFit;
  if (load && (packed || contents.form == ImageContents::Form::kElf)) {
    return fail(std::string(display_name), "carries its addresses; leave --load away");
  }
  auto microkit = find_microkit(bytes);
  if (microkit) contents.loader = microkit->header;
  if (contents.form == ImageContents::Form::kElf) {
    BOOTRIG_TRY_VOID(read_elf(display_name, bytes, contents));
  } else if (packed) {
    BOOTRIG_TRY_VOID(read_packed(display_name, bytes, contents));
  } else {
    BOOTRIG_TRY_VOID(read_raw(display_name, bytes, load, contents));
  }
  if (microkit) std::ranges::move(microkit->regions, std::back_inserter(contents.regions));
  contents.archives = find_archives(bytes);
  find_programs(bytes, contents);
  find_trees(bytes, contents);
  return contents;
}

}  // namespace bootrig
