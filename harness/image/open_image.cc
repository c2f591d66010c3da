#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.h"
#include "elf/elf_file.h"
#include "image/image.h"
#include "image/linux_image.h"
#include "image/packed_images.h"
#include "image/unpack.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

// Files that people try to boot and that are no ELF: what they are, and what to give instead.
struct KnownFormat {
  std::size_t offset;
  std::string_view magic;
  bool code_at_start;  // raw bytes may be entered at their start: --load can be meant
  std::string_view sentence;
};
constexpr KnownFormat kKnownFormats[] = {
    // Devicetree Specification, 5.2
    {0, "\xd0\x0d\xfe\xed"sv, false, "is a flattened device tree, not code"},
    {0, "\x1f\x8b"sv, false, "is compressed (gzip); give it uncompressed"},
    {0, "070701"sv, false, "is a CPIO archive, not code; give the image that holds it"},
    {0, "MZ"sv, true, "is an EFI program (PE); as raw bytes it needs the address it loads at (--load 0x…)"},
};

const KnownFormat* known_format(std::string_view bytes) {
  const auto found = std::ranges::find_if(kKnownFormats, [&](const KnownFormat& format) {
    return bytes.size() > format.offset && bytes.substr(format.offset).starts_with(format.magic);
  });
  return found == std::end(kKnownFormats) ? nullptr : found;
}

Result<void> check_raw(const std::string& place, std::string_view bytes, std::optional<std::uint64_t> load) {
  const KnownFormat* known = known_format(bytes);
  if (known && (!load || !known->code_at_start)) return fail(place, std::string(known->sentence));
  if (!load) return fail(place, "is no ELF; a raw image needs the address it loads at (--load 0x…)");
  if (*load % 4 != 0) return fail(place, fmt::format("cannot be entered at {:#x}: instructions are 4-aligned", *load));
  if (*load > ~std::uint64_t{0} - (bytes.size() - 1)) {
    return fail(place, fmt::format("has {:#x} bytes: loaded at {:#x} it reaches past the end of the address space",
                                   bytes.size(), *load));
  }
  return {};
}

// The entry lies in what is loaded. A kernel's entry may be given as a virtual or as a physical
// address.
bool is_loaded(const ElfFile& elf, std::uint64_t address) {
  return std::ranges::any_of(elf.segments, [&](const ElfSegment& segment) {
    return address - segment.virtual_address < segment.file_size ||
           address - segment.physical_address < segment.file_size;
  });
}

// A position-independent ELF (ET_DYN) is taken when it was given a place: linked at an address
// other than 0, and asking for no dynamic linker. QEMU loads it there; whether it relocates itself
// is its own affair.
Result<void> check_bootable(const std::string& place, const ElfFile& elf) {
  if (elf.has_interpreter) {
    return fail(place, "asks for a dynamic linker (PT_INTERP); link it with -static -no-pie and -nostdlib");
  }
  const std::uint64_t lowest = std::ranges::min(elf.segments, {}, &ElfSegment::physical_address).physical_address;
  if (elf.position_independent && lowest == 0) {
    return fail(place,
                "is position-independent (ET_DYN) and linked at address 0; link it with -no-pie at "
                "the address "
                "where it runs");
  }
  if (elf.entry % 4 != 0) return fail(place, fmt::format("has the entry {:#x}: instructions are 4-aligned", elf.entry));
  if (!is_loaded(elf, elf.entry)) {
    return fail(place, fmt::format("has the entry {:#x}, which lies in no loadable segment", elf.entry));
  }
  return {};
}

}  // namespace

namespace {

// What is packed in it, as an image of its own that bears the packed file's name and hash.
Result<Image> open_packed(const std::filesystem::path& file, std::string_view bytes,
                          const std::filesystem::path& unpack_folder) {
  const std::string place = file.string();
  if (unpack_folder.empty()) {
    return fail(place, looks_like_uimage(bytes) ? "is a U-Boot uImage, not code; give the ELF or the raw bytes in it"
                                                : "is a FIT image, not code; give the ELF or the raw bytes in it");
  }
  const std::string sha256 = sha256_hex(bytes);
  BOOTRIG_TRY(const UnpackedFiles unpacked, unpack_into(unpack_folder, place, bytes, sha256));
  auto image = open_image(unpacked.code, std::nullopt);
  if (!image) return fail(place, "the code in it " + image.error().message);
  image->name = file.filename().string();
  if (image->linux_boot) image->linux_boot->initrd = unpacked.ramdisk;
  if (!unpacked.tree.empty()) {
    image->arguments = {"-dtb", unpacked.tree.string()};
    image->files = {unpacked.tree};
  }
  image->booted = {{file, sha256}};
  image->sha256 = sha256;
  return image;
}

}  // namespace

Result<Image> open_image(const std::filesystem::path& file, std::optional<std::uint64_t> load,
                         const std::filesystem::path& unpack_folder) {
  BOOTRIG_TRY(const std::string bytes, read_file(file));
  const std::string place = file.string();
  if (bytes.empty()) return fail(place, "is empty");
  if (looks_like_uimage(bytes) || looks_like_fit(bytes)) {
    if (load) return fail(place, "says itself where it is loaded; leave --load away");
    return open_packed(file, bytes, unpack_folder);
  }
  Image image{.name = file.filename().string(), .file = file, .load_address = load};
  if (looks_like_elf(bytes)) {
    BOOTRIG_TRY(const ElfFile elf, parse_elf(place, bytes));
    if (load) return fail(place, "is an ELF and carries its addresses; leave --load away");
    BOOTRIG_TRY_VOID(check_bootable(place, elf));
    image.entry = elf.entry;
    image.symbols = {file};
  } else if (!load && looks_like_linux(bytes)) {
    image.linux_boot = LinuxBoot{};
    image.load_address = linux_address(bytes);
    BOOTRIG_TRY_VOID(check_raw(place, bytes, image.load_address));
    image.entry = *image.load_address;
  } else {
    BOOTRIG_TRY_VOID(check_raw(place, bytes, load));
    image.entry = *load;
  }
  image.booted = {{file, sha256_hex(bytes)}};
  image.sha256 = identity_of(image.booted);
  return image;
}

Result<void> boots_also(Image& image, const std::filesystem::path& file) {
  BOOTRIG_TRY(const std::string sha256, sha256_file(file));
  image.booted.push_back({file, sha256});
  image.sha256 = identity_of(image.booted);
  return {};
}

BootImage boot_image(const Image& image) {
  return {image.file, image.linux_boot ? std::nullopt : image.load_address, image.linux_boot, image.arguments,
          image.files};
}

}  // namespace bootrig
