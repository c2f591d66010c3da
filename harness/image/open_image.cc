#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.h"
#include "elf/elf_file.h"
#include "image/image.h"

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
    // U-Boot, include/image.h
    {0, "\x27\x05\x19\x56"sv, false,
     "is a U-Boot uImage: it begins with a header of 64 bytes, not with code; give the ELF or the "
     "raw bytes in it"},
    // Devicetree Specification, 5.2
    {0, "\xd0\x0d\xfe\xed"sv, false,
     "is a flattened device tree or a FIT image, not code; give the ELF or the raw bytes in it"},
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

// A Linux Image's header: Documentation/arch/arm64/booting.rst, "Call the kernel image".
constexpr std::size_t kLinuxMagicAt = 56;
constexpr std::string_view kLinuxMagic = "ARM\x64"sv;
constexpr std::size_t kLinuxTextOffsetAt = 8, kLinuxImageSizeAt = 16;

bool looks_like_linux(std::string_view bytes) {
  return bytes.size() > kLinuxMagicAt && bytes.substr(kLinuxMagicAt).starts_with(kLinuxMagic);
}

std::uint64_t little_endian_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Where QEMU puts it (hw/arm/boot.c, load_aarch64_image): by the header's offset, but 2 MiB on where the device tree
// would have no room before it; at 0x80000 where the header of an old kernel has no size.
std::uint64_t linux_address(std::string_view bytes) {
  constexpr std::uint64_t kOldOffset = 0x80000, kTreeRoom = 0x1000, kStep = std::uint64_t{2} << 20;
  if (little_endian_at(bytes, kLinuxImageSizeAt) == 0) return kMemoryBase + kOldOffset;
  const std::uint64_t offset = little_endian_at(bytes, kLinuxTextOffsetAt);
  return kMemoryBase + (offset < kTreeRoom ? offset + kStep : offset);
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

Result<Image> open_image(const std::filesystem::path& file, std::optional<std::uint64_t> load) {
  BOOTRIG_TRY(const std::string bytes, read_file(file));
  const std::string place = file.string();
  if (bytes.empty()) return fail(place, "is empty");
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
  image.sha256 = sha256_hex(bytes);
  return image;
}

BootImage boot_image(const Image& image) {
  return {image.file, image.linux_boot ? std::nullopt : image.load_address, image.linux_boot, image.arguments,
          image.files};
}

}  // namespace bootrig
